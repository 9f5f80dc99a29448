// Makes wrong calls to a server and prints each error as a Node program sees
// it, one JSON object per line. The details are google.rpc's own messages, not
// those of proto/.
//
// usage: node errors_in_node.js SERVER    in a folder with the example's modules
'use strict';

const path = require('node:path');
const { createRequire } = require('node:module');
const required = createRequire(path.join(process.cwd(), 'package.json'));
const grpc = required('@grpc/grpc-js');
const protoLoader = required('@grpc/proto-loader');
const protobuf = required('protobufjs');

const PROTO = path.join(process.cwd(), '../../../proto');
const rpc = protobuf.parse(`
  syntax = "proto3";
  package google.rpc;
  message Any { string type_url = 1; bytes value = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message ErrorInfo {
    string reason = 1; string domain = 2; map<string, string> metadata = 3;
  }
  message BadRequest {
    message FieldViolation { string field = 1; string description = 2; }
    repeated FieldViolation field_violations = 1;
  }`, { keepCase: true }).root;

const { PlacementService } = grpc.loadPackageDefinition(protoLoader.loadSync(
  'clockwise/v1/placement.proto', { includeDirs: [PROTO], keepCase: true },
)).clockwise.v1;
const stub = new PlacementService(process.argv[2], grpc.credentials.createInsecure());

function details(error) {
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  const status = rpc.lookupType('google.rpc.Status').decode(bytes);
  const seen = { code: grpc.status[error.code], same: status.code === error.code };
  for (const { type_url: url, value } of status.details) {
    const type = rpc.lookup(url.replace('type.googleapis.com/', ''));
    if (type) seen[type.name] = type.toObject(type.decode(value));
  }
  return seen;
}

const calls = [
  ['Locate', { ring: 'no such', key: Buffer.from('k') }],
  ['Locate', { ring: 'none', key: Buffer.from('k') }],
  ['AddNode', { node: { id: '' } }],
  ['RemoveNode', { node_id: 'nobody' }],
];

(async () => {
  for (const [method, request] of calls) {
    const error = await new Promise((resolve) => stub[method](request, resolve));
    console.log(JSON.stringify(details(error)));
  }
  stub.close();
})();
