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
const { Mismatch, Ring, UnknownLayout, prepare, xxh3 } = require('./ring.js');

const PROTO = path.join(__dirname, '../../../proto');
const SERVICE_CONFIG = path.join(__dirname, '../../../deploy/grpc-service-config.json');
const FIRST_PAUSE = 100; // ms
const LONGEST_PAUSE = 5000; // ms
const FORM = { longs: String, enums: String, defaults: true, includeDirs: [PROTO] };

const PlacementService = grpc.loadPackageDefinition(
  protoLoader.loadSync('clockwise/v1/placement.proto', FORM),
).clockwise.v1.PlacementService;

const say = (text) => console.error(`lookup: ${text}`);
const reason = (error) => `${grpc.status[error.code]}: ${error.details}`;

// Returns a stub: round robin over the addresses of `target`, and retries of
// reads. grpc-js ignores the health checks of the service config.
function openStub(target) {
  return new PlacementService(target, grpc.credentials.createInsecure(), {
    'grpc.service_config': fs.readFileSync(SERVICE_CONFIG, 'utf8'),
    // A whole ring can exceed gRPC's default limit of 4 MiB.
    'grpc.max_receive_message_length': -1,
    // The default waits up to 2 minutes before it connects again.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1000,
    // Notices a dead network, also while nothing is sent. The server allows one
    // ping in 10 s.
    'grpc.keepalive_time_ms': 15_000,
    'grpc.keepalive_timeout_ms': 5000,
  });
}

// Returns the time, in ms, after which a stream without a message is dead:
// three of the server's heartbeats. 0: the interval is not known.
const silence = (heartbeatMs) => (heartbeatMs ? Math.max(3000, 3 * heartbeatMs) : 15_000);

// A server sent an older epoch of the ring. Ask another server.
class Behind extends Error {}

// Holds the newest ring that a server sent, and its time.
class Mirror {
  ring = null; // replaced as a whole; null: the layout is unknown
  deleted = false; // the ring was deleted; `ring` is its last state
  confirmed = null; // Date.now() of the last message
  lastError = 'no server has answered';
  known = null; // epoch and incarnation

  constructor(stub, name) {
    this.stub = stub;
    this.name = name;
    this.first = new Promise((resolve) => { this.told = resolve; });
    this.follow();
  }

  async follow() {
    let pause = FIRST_PAUSE;
    let fetchAll = false;
    for (;;) {
      const known = this.known && !fetchAll
        ? { knownEpoch: this.known.epoch, knownIncarnation: this.known.incarnation }
        : {};
      fetchAll = false;
      try {
        await this.watch({ ring: this.name, ...known }, () => { pause = FIRST_PAUSE; });
      } catch (error) {
        if (error.silent) pause = FIRST_PAUSE; // it has waited long enough
        if (error instanceof Mismatch) {
          say(`${error.message}; requesting the whole ring`);
          fetchAll = true;
        } else if (error instanceof Behind) {
          say(error.message);
        } else if (error.code !== undefined) {
          this.noteEnd(error);
        } else {
          throw error; // an error of this program
        }
      }
      await sleep(pause * (0.5 + Math.random() / 2), undefined, { ref: false });
      pause = Math.min(2 * pause, LONGEST_PAUSE);
    }
  }

  // Reads one stream to its end. Calls `progress` for each message that raised
  // the epoch or is not the first of its stream.
  watch(request, progress) {
    return new Promise((resolve, reject) => {
      // Without waitForReady, the call fails while the channel connects.
      const call = this.stub.watch(request, new grpc.Metadata({ waitForReady: true }));
      let silent = false;
      const close = () => {
        silent = true;
        call.cancel();
      };
      let alarm = setTimeout(close, silence(0));
      let first = true;
      let failed = false;
      call.on('data', (message) => {
        if (failed) return; // messages that were read before the cancellation
        clearTimeout(alarm);
        alarm = setTimeout(close, silence(message.heartbeatMs));
        const before = this.known;
        try {
          this.takeIn(message, first && request.knownEpoch !== undefined);
        } catch (error) {
          failed = true;
          reject(error);
          call.cancel();
          return;
        }
        if (!first || !before || (this.known.incarnation === before.incarnation
            && BigInt(this.known.epoch) > BigInt(before.epoch))) progress();
        first = false;
      });
      call.on('error', (error) => {
        clearTimeout(alarm);
        reject(Object.assign(error, { silent }));
      });
      call.on('end', () => clearTimeout(alarm));
      call.on('close', resolve);
    });
  }

  noteEnd(error) {
    const text = reason(error);
    const deleted = error.code === grpc.status.NOT_FOUND && this.known !== null;
    if (deleted && !this.deleted) {
      say(`${text}; keeping its last state and waiting for the ring`);
    } else if (text !== this.lastError && !deleted) {
      say(`the stream ended: ${text}; reconnecting`);
    }
    this.lastError = text;
    this.deleted ||= deleted;
  }

  takeIn({ snapshot, delta, heartbeat, unconfirmedMs }, mayGoBack) {
    if (snapshot) {
      this.replace(snapshot, mayGoBack);
    } else if ((delta || heartbeat) && !this.known) {
      throw new Mismatch('the first message has no ring');
    } else if (delta) {
      if (this.ring) this.ring = this.ring.after(delta);
      else if (delta.fromEpoch !== this.known.epoch
          || delta.incarnation !== this.known.incarnation) {
        throw new Mismatch('the delta does not continue the ring');
      }
      this.known = { epoch: delta.epoch, incarnation: delta.incarnation };
    } else if (heartbeat && (heartbeat.epoch !== this.known.epoch
        || heartbeat.incarnation !== this.known.incarnation
        || (this.ring && BigInt(heartbeat.fingerprint) !== this.ring.fingerprint))) {
      throw new Mismatch('the heartbeat does not match the local ring');
    }
    this.confirmed = Date.now() - unconfirmedMs;
    this.deleted = false;
    this.lastError = '';
    if (this.known) this.told();
  }

  // mayGoBack: the snapshot answers a request that named the epoch of the ring.
  // The server has then made sure that it is not behind.
  replace(snapshot, mayGoBack) {
    const { epoch, incarnation } = snapshot;
    if (this.known && !mayGoBack && incarnation === this.known.incarnation
        && BigInt(epoch) < BigInt(this.known.epoch)) {
      throw new Behind(`a server sent epoch ${epoch}, but the ring is at epoch ${this.known.epoch}`);
    }
    try {
      this.ring = Ring.fromSnapshot(snapshot);
    } catch (error) {
      if (!(error instanceof UnknownLayout)) throw error;
      say(`${error.message}; calling Locate for each key`);
      this.ring = null;
    }
    this.known = { epoch, incarnation };
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

// Prints the owners of a key, and compares them with the server's.
async function lookUp(stub, mirror, line) {
  const { ring } = mirror; // one ring for all calls that belong together
  const key = Buffer.from(line);
  const owners = ring?.locate(key);
  if (ring) console.log([line, ...owners, `epoch ${ring.epoch}`].join('\t'));
  let remote;
  try {
    remote = await new Promise((resolve, reject) => {
      stub.locate({ ring: mirror.name, key }, { deadline: Date.now() + 5000 },
        (error, answer) => (error ? reject(error) : resolve(answer)));
    });
  } catch (error) {
    // The local result is valid without the server.
    if (ring) say(`not compared: ${reason(error)}`);
    else console.log(`${line}\tno owners: ${reason(error)}`);
    return;
  }
  const theirs = remote.owners.map((owner) => owner.nodeId);
  if (!ring) {
    console.log([line, ...theirs, `epoch ${remote.epoch}`].join('\t'));
  } else if (remote.epoch === ring.epoch && remote.incarnation === ring.incarnation) {
    assert.deepStrictEqual(owners, theirs);
  }
}

async function main() {
  const [first, second] = process.argv.slice(2);
  await prepare();
  if (first === '--vectors' && second) return checkVectors(second);
  if (!first) {
    console.error('usage: node lookup.js SERVER [RING]');
    process.exit(2);
  }
  const stub = openStub(first);
  const mirror = new Mirror(stub, second ?? '');
  const late = setTimeout(() => {
    say(`no ring within 10 s: ${mirror.lastError}`);
    process.exit(1);
  }, 10_000);
  await mirror.first;
  clearTimeout(late);
  for await (const line of readline.createInterface({ input: process.stdin })) {
    await lookUp(stub, mirror, line);
  }
  process.exit(0);
}

main();
