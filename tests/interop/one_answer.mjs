// What software of others says: one question as JSON on standard input, one answer on standard output.
//
// {"contexts": {URL: document}, "ask": NAME, …}. Nothing is fetched: what is not among them is an error. An answer is {"value": …} or {"error": TEXT}.
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import * as vc from '@digitalbazaar/vc';
import jsigs from 'jsonld-signatures';
import jsonld from 'jsonld';
import {text} from 'node:stream/consumers';

const DATE = '2026-06-01T12:00:00Z';
const CHALLENGE = 'a challenge';

const question = JSON.parse(await text(process.stdin));
const documents = {...question.contexts};

const answers = {canonize, exportKey, issue, present, verify};

async function documentLoader(url) {
  const document = documents[url];
  if(document === undefined) {
    throw new Error(`not among the documents: ${url}`);
  }
  return {contextUrl: null, documentUrl: url, document};
}

/** The canonical N-Quads; terms that no context knows are an error. */
async function canonize({document}) {
  return jsonld.canonize(document, {
    algorithm: 'RDFC-1.0', documentLoader, format: 'application/n-quads', safe: true
  });
}

/** What the key library writes of a new key; by its default, and in the form of the standard. */
async function exportKey() {
  const key = await Ed25519Multikey.generate({controller: 'did:web:university.example'});
  const written = options => key.export({publicKey: true, secretKey: true, ...options});
  return {usual: await written({}), canonical: await written({canonicalize: true})};
}

/** Whether a signed credential holds, by an eddsa-rdfc-2022 proof of the key. */
async function verify({credential, key}) {
  await signer(key);
  return outcome(await vc.verifyCredential({
    credential, suite: new DataIntegrityProof({cryptosuite}), documentLoader, now: DATE, checkStatus
  }));
}

/** The document with one proof more, by the key. */
async function issue({document, key}) {
  const suite = await signer(key);
  return jsigs.sign(document, {suite, purpose: new jsigs.purposes.AssertionProofPurpose(), documentLoader});
}

/** A wallet puts the credential into a presentation and signs it; whether that holds, the credential included. */
async function present({credential, key}) {
  const suite = await signer(key);
  const presentation = vc.createPresentation({verifiableCredential: [credential], holder: key.controller});
  const signed = await vc.signPresentation({presentation, suite, challenge: CHALLENGE, documentLoader});
  const verified = await vc.verify({
    presentation: signed, suite: new DataIntegrityProof({cryptosuite}), challenge: CHALLENGE, documentLoader, now: DATE,
    checkStatus
  });
  return {signed, ...outcome(verified)};
}

/** A suite that signs with the key, whose controller's document is known from now on. */
async function signer(exported) {
  const key = await Ed25519Multikey.from(exported);
  documents[key.id] = await key.export({publicKey: true, includeContext: true});
  documents[key.controller] = {
    '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'], id: key.controller,
    verificationMethod: [documents[key.id]], assertionMethod: [key.id], authentication: [key.id]
  };
  return new DataIntegrityProof({signer: key.signer(), date: DATE, cryptosuite});
}

async function checkStatus() {
  return {verified: true};
}

function outcome({verified, error, ...results}) {
  return {verified, errors: verified ? [] : [String(error), JSON.stringify(results)]};
}

try {
  process.stdout.write(JSON.stringify({value: await answers[question.ask](question)}));
} catch(error) {
  process.stdout.write(JSON.stringify({error: `${error.name}: ${error.message} ${JSON.stringify(error.details ?? '')}`}));
}
