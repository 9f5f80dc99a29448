// Reads {servers, options, keys} from the file that its argument names. Prints
// the server of each key.
const HashRing = require('hashring');

const asked = JSON.parse(require('fs').readFileSync(process.argv[2], 'utf8'));
const ring = new HashRing(asked.servers, 'md5', asked.options);
process.stdout.write(JSON.stringify(asked.keys.map((key) => ring.get(key))));
