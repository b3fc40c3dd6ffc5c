// Seconds in which @digitalbazaar/vc signs documents: {"contexts", "documents", "suite": rdfc|jcs} on standard input, seconds on standard output.
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import {createSignCryptosuite} from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';
import {cryptosuite as rdfc} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import * as vc from '@digitalbazaar/vc';

const pieces = [];
for await(const piece of process.stdin) {
  pieces.push(piece);
}
const {contexts, documents, suite} = JSON.parse(Buffer.concat(pieces).toString('utf8'));

async function documentLoader(url) {
  if(contexts[url] === undefined) {
    throw new Error(`not among the documents: ${url}`);
  }
  return {contextUrl: null, documentUrl: url, document: contexts[url]};
}

const controller = documents[0].issuer.id;
const key = await Ed25519Multikey.generate({controller, id: `${controller}#key-1`});
const cryptosuite = suite === 'rdfc' ? rdfc : createSignCryptosuite();

async function sign(credential) {
  const proof = new DataIntegrityProof({signer: key.signer(), cryptosuite});
  return vc.issue({credential, suite: proof, documentLoader});
}

await sign(structuredClone(documents[0]));
const begun = process.hrtime.bigint();
for(const document of documents) {
  await sign(document);
}
process.stdout.write(String(Number(process.hrtime.bigint() - begun) / 1e9));
