// Checks, and signs with a key of its own, by @digitalbazaar/vc; standard input and output are JSON (see signatures.py).
import { readFileSync, readdirSync } from "node:fs";
import { DataIntegrityProof } from "@digitalbazaar/data-integrity";
import * as EcdsaMultikey from "@digitalbazaar/ecdsa-multikey";
import * as Ed25519Multikey from "@digitalbazaar/ed25519-multikey";
import * as vc from "@digitalbazaar/vc";

const given = JSON.parse(readFileSync(0, "utf8"));
const packages = {
  "eddsa-rdfc-2022": "@digitalbazaar/eddsa-rdfc-2022-cryptosuite",
  "eddsa-jcs-2022": "@digitalbazaar/eddsa-jcs-2022-cryptosuite",
  "ecdsa-rdfc-2019": "@digitalbazaar/ecdsa-rdfc-2019-cryptosuite",
  "ecdsa-jcs-2019": "@digitalbazaar/ecdsa-jcs-2019-cryptosuite",
};
const module = await import(packages[given.suite]);
// Some have one object for both, some a function for each.
const forChecks = module.cryptosuite ?? module.createVerifyCryptosuite();
const forSigning = module.cryptosuite ?? module.createSignCryptosuite();

const bundled = new URL("../../registry/rdf/bundled/", import.meta.url);
const files = Object.fromEntries(readdirSync(bundled).map((name) => [name, JSON.parse(readFileSync(new URL(name, bundled)))]));
const contexts = {
  "https://www.w3.org/ns/credentials/v2": files["credentials-v2.json"],
  "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json": files["open-badges-3.0.3.json"],
  "https://w3id.org/security/data-integrity/v2": files["data-integrity-v2.json"],
  "https://w3id.org/security/multikey/v1": files["multikey-v1.json"],
};
const multikeys = given.suite.startsWith("eddsa") ? Ed25519Multikey : EcdsaMultikey;

async function documentLoader(url) {
  if (contexts[url]) return { contextUrl: null, documentUrl: url, document: contexts[url] };
  const [did, fragment] = url.split("#");
  const key = did.slice("did:key:".length);
  const method = { "@context": "https://w3id.org/security/multikey/v1", id: `${did}#${key}`, type: "Multikey", controller: did, publicKeyMultibase: key };
  if (fragment) return { contextUrl: null, documentUrl: url, document: method };
  return { contextUrl: null, documentUrl: url, document: { "@context": "https://www.w3.org/ns/did/v1", id: did, assertionMethod: [method.id], verificationMethod: [method] } };
}

async function best(work) {
  let quickest = Infinity;
  for (let round = 0; round < given.rounds; round++) {
    const begun = performance.now();
    await work();
    quickest = Math.min(quickest, (performance.now() - begun) / 1000 / given.documents.length);
  }
  return quickest;
}

let verified = true;
const checking = await best(async () => {
  for (const credential of given.documents) {
    const result = await vc.verifyCredential({ credential, suite: new DataIntegrityProof({ cryptosuite: forChecks }), documentLoader });
    if (!result.verified) {
      if (verified) console.error(JSON.stringify(result.error?.errors?.map(String) ?? String(result.error)));
      verified = false;
    }
  }
});
const curve = given.publicKeyMultibase.startsWith("z82") ? "P-384" : "P-256";
const key = await multikeys.generate(given.suite.startsWith("eddsa") ? {} : { curve });
const { publicKeyMultibase } = await key.export({ publicKey: true });
key.controller = `did:key:${publicKeyMultibase}`;
key.id = `${key.controller}#${publicKeyMultibase}`;
let signed = null;
const signing = await best(async () => {
  for (const { proof, ...credential } of given.documents) {
    const suite = new DataIntegrityProof({ signer: key.signer(), cryptosuite: forSigning });
    signed = await vc.issue({ credential: { ...credential, issuer: { ...credential.issuer, id: key.controller } }, suite, documentLoader });
  }
});
process.stdout.write(JSON.stringify({ verified, checking, signing, signed }));
