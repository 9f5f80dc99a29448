// Reads {weights, config, keys} from the file that its argument names. Starts a
// server for each weight, and calls them through a channel with the policy
// ring_hash. Prints {addresses, owners}, where owners are the servers that
// replied for each key.
const grpc = require('@grpc/grpc-js');
const {experimental} = grpc;
require('@grpc/grpc-js-xds').register();
// The module sets its xxhashApi when it is loaded.
const xxhash = require('@grpc/grpc-js-xds/build/src/xxhash');

const asked = JSON.parse(require('fs').readFileSync(process.argv[2], 'utf8'));
const bytes = (value) => value;
const method = {
  path: '/live/Who', requestStream: false, responseStream: false,
  requestSerialize: bytes, requestDeserialize: bytes,
  responseSerialize: bytes, responseDeserialize: bytes,
};

async function startServer() {
  const server = new grpc.Server();
  const me = {address: null};
  server.addService({who: method}, {
    who: (call, callback) => callback(null, Buffer.from(me.address)),
  });
  const port = await new Promise((resolve, reject) => server.bindAsync(
      '127.0.0.1:0', grpc.ServerCredentials.createInsecure(),
      (error, bound) => (error ? reject(error) : resolve(bound))));
  me.address = `127.0.0.1:${port}`;
  return {server, port, address: me.address};
}

// Returns the servers in the given order, with their weights, and adds the hash
// of the key to each call.
class Resolver {
  constructor(target, listener) {
    this.listener = listener;
  }
  updateResolution() {
    if (this.told) return;
    this.told = true;
    process.nextTick(() => this.listener(
        experimental.statusOrFromValue(Resolver.endpoints),
        {[experimental.CHANNEL_ARGS_CONFIG_SELECTOR_KEY]: {
          invoke: (name, metadata) => ({
            methodConfig: {name: []},
            pickInformation: {
              hash: xxhash.xxhashApi.h64(metadata.get('key')[0], 0n)
                  .toString()},
            status: grpc.status.OK,
            dynamicFilterFactories: [],
          }),
          unref: () => {},
        }},
        experimental.statusOrFromValue({
          loadBalancingConfig: [{ring_hash: asked.config}], methodConfig: []}),
        ''));
  }
  destroy() {}
  static getDefaultAuthority() {
    return 'live';
  }
}

async function main() {
  await xxhash.loadXxhashApi();
  const servers = [];
  for (const _ of asked.weights) servers.push(await startServer());
  Resolver.endpoints = servers.map(({port}, i) => ({
    addresses: [{host: '127.0.0.1', port}],
    localityPath: ['live'], locality: {}, localityWeight: 1,
    endpointWeight: asked.weights[i],
  }));
  experimental.registerResolver('live', Resolver);
  // 'all' is not an address, so a list of hosts without a proxy cannot contain
  // it.
  const client = new grpc.Client('live:all', grpc.credentials.createInsecure(),
                                 {'grpc.enable_http_proxy': 0});
  const ask = (key) => new Promise((resolve, reject) => {
    const metadata = new grpc.Metadata();
    metadata.set('key', key);
    client.makeUnaryRequest(
        method.path, bytes, bytes, Buffer.alloc(0), metadata,
        {deadline: Date.now() + 60000},
        (error, answer) => (error ? reject(error) : resolve(answer.toString())));
  });
  const owners = [];
  for (let at = 0; at < asked.keys.length; at += 100) {
    owners.push(...await Promise.all(asked.keys.slice(at, at + 100).map(ask)));
  }
  process.stdout.write(JSON.stringify(
      {addresses: servers.map((server) => server.address), owners}));
  client.close();
  for (const {server} of servers) server.forceShutdown();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
