// A client's copy of a ring of Clockwise. It follows the messages of Watch, and
// looks up keys without a call. Written from client/PORTING.md.
'use strict';

const crypto = require('node:crypto');
const { createXXHash3 } = require('hash-wasm');

const MASK = (1n << 64n) - 1n;
const GAMMA = 0x9e3779b97f4a7c15n;

let hasher; // hash-wasm's; created once, because its creation is asynchronous

// Await it once, before any other call.
async function prepare() {
  hasher ??= await createXXHash3();
}

function xxh3(bytes) {
  return BigInt('0x' + hasher.init().update(bytes).digest('hex'));
}

function splitmix64(state) {
  state = ((state ^ (state >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
  state = ((state ^ (state >> 27n)) * 0x94d049bb133111ebn) & MASK;
  return state ^ (state >> 31n);
}

// A message does not lead to the ring that it names. Request a snapshot.
class Mismatch extends Error {}

// This program does not have the layout of the ring. Call Locate.
class UnknownLayout extends Error {}

const LAYOUTS = { LAYOUT_HASHED: 1, LAYOUT_PARTITIONED: 2, LAYOUT_MODULO: 3 };

// Collects the bytes for the fingerprint.
class Bytes {
  pieces = [];
  u32s(numbers) {
    const piece = Buffer.alloc(4 * numbers.length);
    numbers.forEach((number, i) => piece.writeUInt32LE(number, 4 * i));
    this.pieces.push(piece);
  }
  u64s(numbers) {
    const piece = Buffer.alloc(8 * numbers.length);
    numbers.forEach((number, i) => piece.writeBigUInt64LE(BigInt(number), 8 * i));
    this.pieces.push(piece);
  }
  text(text) {
    const piece = Buffer.from(text);
    this.u32s([piece.length]);
    this.pieces.push(piece);
  }
}

// Immutable: replace it as a whole. Messages have the form of
// @grpc/proto-loader with { longs: String, enums: String, defaults: true }.
class Ring {
  // rows, PARTITIONED only: the ids of the owners of each partition.
  constructor(spec, nodes, epoch, incarnation, rows, fingerprint) {
    Object.assign(this, { spec, nodes, epoch, incarnation, rows });
    this.positions = [];
    this.around = nodes.map((_, index) => index);
    if (spec.layout === 'LAYOUT_HASHED') this.placePoints();
    const members = [...new Set(this.around)]; // nodes that have a slot
    this.memberCount = members.length;
    this.zoneCount = new Set(members.map((index) => nodes[index].zone)).size;
    this.fingerprint = this.computeFingerprint();
    if (this.fingerprint !== BigInt(fingerprint)) {
      throw new Mismatch(`epoch ${epoch}: the fingerprint does not match`);
    }
  }

  // Throws Mismatch or UnknownLayout.
  static fromSnapshot(snapshot) {
    const { spec, nodes } = snapshot;
    if (!LAYOUTS[spec.layout]) {
      throw new UnknownLayout(`the layout ${spec.layout} is not known`);
    }
    const rows = [];
    if (spec.layout === 'LAYOUT_PARTITIONED') {
      const width = Math.min(spec.replicaCount, nodes.length);
      const count = 2 ** spec.partitionBits;
      if (snapshot.partitionOwners.length !== count * width
          || snapshot.partitionOwners.some((i) => i >= nodes.length)) {
        throw new Mismatch('the table has a wrong size, or an unknown owner');
      }
      for (let at = 0; at < count; ++at) {
        rows.push(snapshot.partitionOwners
          .slice(at * width, (at + 1) * width).map((i) => nodes[i].id));
      }
    }
    return new Ring(spec, nodes, snapshot.epoch, snapshot.incarnation, rows,
      snapshot.fingerprint);
  }

  // Returns the ring after a delta.
  after(delta) {
    if (delta.fromEpoch !== this.epoch || delta.incarnation !== this.incarnation) {
      throw new Mismatch(`a delta from epoch ${delta.fromEpoch} does not continue the ring`);
    }
    const nodes = new Map(this.nodes.map((node) => [node.id, node]));
    for (const id of delta.removedIds) nodes.delete(id);
    for (const node of delta.upserted) nodes.set(node.id, node);
    const rows = this.rows.slice();
    const width = Math.min(this.spec.replicaCount, nodes.size);
    if (delta.movedOwners.length !== delta.movedPartitions.length * width
        || delta.movedPartitions.some((partition) => partition >= rows.length)
        || delta.movedOwners.some((i) => i >= delta.ownerIds.length)) {
      throw new Mismatch('the delta has an invalid partition or owner');
    }
    delta.movedPartitions.forEach((partition, k) => {
      rows[partition] = delta.movedOwners
        .slice(k * width, (k + 1) * width).map((i) => delta.ownerIds[i]);
    });
    const sorted = [...nodes.values()].sort((a, b) =>
      Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)));
    return new Ring(this.spec, sorted, delta.epoch, delta.incarnation, rows,
      delta.fingerprint);
  }

  placePoints() {
    const points = [];
    this.nodes.forEach((node, index) => {
      const seed = xxh3(Buffer.from(node.hashKey));
      const count = this.spec.virtualNodeCount * node.weight;
      for (let i = 1n; i <= count; ++i) {
        points.push([splitmix64((seed + i * GAMMA) & MASK), index]);
      }
    });
    points.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] - b[1]));
    this.positions = points.map((point) => point[0]);
    this.around = points.map((point) => point[1]);
  }

  // Returns the ids of the nodes that own `key` (a Buffer), primary first.
  locate(key, replicas = 0) {
    let wanted = Math.min(replicas || this.spec.replicaCount, this.nodes.length);
    if (wanted === 0) return [];
    if (this.spec.layout === 'LAYOUT_PARTITIONED') return this.fromRows(key, wanted);
    wanted = Math.min(wanted, this.memberCount);
    if (wanted === 0) return [];
    const slot = this.slotOf(key);
    const owners = [];
    const zones = new Set();
    for (const distinctZones of [true, false]) {
      for (let i = 0; i < this.around.length && owners.length < wanted; ++i) {
        // Without this, the walk goes once around the ring.
        if (distinctZones && zones.size === this.zoneCount) break;
        const node = this.nodes[this.around[(slot + i) % this.around.length]];
        if (owners.includes(node.id)) continue;
        if (distinctZones && zones.has(node.zone)) continue;
        owners.push(node.id);
        zones.add(node.zone);
      }
    }
    return owners;
  }

  slotOf(key) {
    if (this.spec.layout === 'LAYOUT_MODULO') {
      const digest = crypto.createHash('md5').update(key).digest('hex');
      return Number(BigInt('0x' + digest) % BigInt(this.nodes.length));
    }
    const hash = xxh3(key);
    let low = 0;
    let high = this.positions.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.positions[middle] < hash) low = middle + 1;
      else high = middle;
    }
    return low % this.positions.length;
  }

  fromRows(key, wanted) {
    const partition = Number(xxh3(key) >> BigInt(64 - this.spec.partitionBits));
    const owners = this.rows[partition];
    if (wanted <= owners.length) return owners.slice(0, wanted);
    const walk = [...this.rows.slice(partition), ...this.rows.slice(0, partition)];
    return [...new Set([...walk.flat(), ...this.nodes.map((node) => node.id)])]
      .slice(0, wanted);
  }

  computeFingerprint() {
    const { spec } = this;
    const bytes = new Bytes();
    bytes.u32s([LAYOUTS[spec.layout], spec.virtualNodeCount, spec.partitionBits,
      spec.replicaCount, this.nodes.length]);
    for (const node of this.nodes) {
      bytes.text(node.id);
      bytes.text(node.hashKey);
      bytes.u32s([node.weight]);
      bytes.text(node.zone);
    }
    bytes.u64s([this.positions.length]);
    bytes.u64s(this.positions);
    bytes.u32s(this.around.slice(0, this.positions.length));
    if (spec.layout === 'LAYOUT_PARTITIONED') {
      const index = new Map(this.nodes.map((node, i) => [node.id, i]));
      const table = this.rows.flat().map((id) => index.get(id) ?? 0xffffffff);
      bytes.u64s([table.length]);
      bytes.u32s(table);
    }
    return xxh3(Buffer.concat(bytes.pieces));
  }
}

module.exports = { Mismatch, Ring, UnknownLayout, prepare, xxh3 };
