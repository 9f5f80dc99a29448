#!/usr/bin/env node
// Looks up keys, one per line of standard input, in a local ring that Watch
// keeps up to date. Also calls the server, to show that its result is the same.
//
// usage: node lookup.js SERVER [RING]
//        node lookup.js --vectors FILE     tests itself with ring_v1.json
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const { setTimeout: sleep } = require('node:timers/promises');
const grpc = require('@grpc/grpc-js');
const protoLoader = require('@grpc/proto-loader');
const { Mismatch, Ring, prepare, xxh3 } = require('./ring.js');

const PROTO = path.join(__dirname, '../../../proto');
const SILENCE = 15_000; // ms; a connection without a message is then dead
const FORM = { longs: String, enums: String, defaults: true, includeDirs: [PROTO] };

const PlacementService = grpc.loadPackageDefinition(
  protoLoader.loadSync('clockwise/v1/placement.proto', FORM),
).clockwise.v1.PlacementService;

// Holds the newest ring that a server sent, and its time.
class Mirror {
  ring = null; // replaced as a whole
  confirmed = null; // Date.now() of the last message

  constructor(stub, name) {
    this.stub = stub;
    this.name = name;
    this.first = new Promise((resolve) => { this.told = resolve; });
    this.follow();
  }

  async follow() {
    let pause = 100;
    let fetchAll = false;
    for (;;) {
      const known = this.ring && !fetchAll
        ? { knownEpoch: this.ring.epoch, knownIncarnation: this.ring.incarnation }
        : {};
      try {
        await this.watch({ ring: this.name, ...known }, () => {
          pause = 100;
          fetchAll = false;
        });
      } catch (error) {
        fetchAll = error instanceof Mismatch;
        if (!fetchAll && error.code === undefined) throw error; // not gRPC's
        if (fetchAll) console.error(`lookup: ${error.message}; requesting the whole ring`);
      }
      await sleep(pause * (0.5 + Math.random() / 2), undefined, { ref: false });
      pause = Math.min(2 * pause, 5000);
    }
  }

  // Reads one stream to its end.
  watch(request, progress) {
    return new Promise((resolve, reject) => {
      const call = this.stub.watch(request);
      let alarm = setTimeout(() => call.cancel(), SILENCE);
      call.on('data', (message) => {
        clearTimeout(alarm);
        alarm = setTimeout(() => call.cancel(), SILENCE);
        try {
          this.takeIn(message);
          progress();
        } catch (error) {
          reject(error);
          call.cancel();
        }
      });
      call.on('error', (error) => {
        clearTimeout(alarm);
        reject(error);
      });
      call.on('end', () => clearTimeout(alarm));
      call.on('close', resolve);
    });
  }

  takeIn({ snapshot, delta, heartbeat, unconfirmedMs }) {
    if (snapshot) this.ring = Ring.fromSnapshot(snapshot);
    else if (delta) this.ring = this.ring.after(delta);
    else if (heartbeat && (heartbeat.epoch !== this.ring.epoch
        || heartbeat.incarnation !== this.ring.incarnation
        || BigInt(heartbeat.fingerprint) !== this.ring.fingerprint)) {
      throw new Mismatch('the heartbeat does not match the local ring');
    }
    this.confirmed = Date.now() - unconfirmedMs;
    this.told();
  }
}

function checkVectors(file) {
  const vectors = JSON.parse(fs.readFileSync(file, 'utf8'));
  const keys = vectors.keys.map((key) => Buffer.from(key, 'hex'));
  for (const { key, xxh3: hash } of vectors.hashes) {
    assert.strictEqual(xxh3(Buffer.from(key, 'hex')), BigInt(hash));
  }
  // proto-loader has its own form of messages. Serialising them and parsing the
  // bytes converts JSON to that form.
  const { responseSerialize, responseDeserialize } = PlacementService.service.Watch;
  const message = (json) => responseDeserialize(responseSerialize(json));
  let checked = 0;
  const check = (ring, locates) => {
    for (const { key, replicas, owners } of locates) {
      assert.deepStrictEqual(ring.locate(keys[key], replicas), owners);
      ++checked;
    }
  };
  for (const { snapshot, locates, then } of vectors.rings) {
    let ring = Ring.fromSnapshot(message({ snapshot }).snapshot);
    check(ring, locates);
    for (const next of then) {
      ring = ring.after(message({ delta: next.delta }).delta);
      check(ring, next.locates);
    }
  }
  console.log(`${checked} look-ups match`);
}

async function main() {
  const [first, second] = process.argv.slice(2);
  await prepare();
  if (first === '--vectors' && second) return checkVectors(second);
  if (!first) {
    console.error('usage: node lookup.js SERVER [RING]');
    process.exit(2);
  }
  // A whole ring can exceed gRPC's default limit of 4 MiB.
  const stub = new PlacementService(first, grpc.credentials.createInsecure(),
    { 'grpc.max_receive_message_length': -1 });
  const mirror = new Mirror(stub, second ?? '');
  const late = setTimeout(() => {
    console.error('lookup: no server sent the ring within 10 s');
    process.exit(1);
  }, 10_000);
  await mirror.first;
  clearTimeout(late);
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { ring } = mirror; // one ring for all calls that belong together
    const key = Buffer.from(line);
    const owners = ring.locate(key);
    console.log([line, ...owners, `epoch ${ring.epoch}`].join('\t'));
    const remote = await new Promise((resolve, reject) => {
      stub.locate({ ring: second ?? '', key }, { deadline: Date.now() + 5000 },
        (error, answer) => (error ? reject(error) : resolve(answer)));
    });
    if (remote.epoch === ring.epoch) {
      assert.deepStrictEqual(owners, remote.owners.map((owner) => owner.nodeId));
    }
  }
  process.exit(0);
}

main();
