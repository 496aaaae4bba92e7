// One sentence for each word of the project that a page uses, in step with
// docs/glossary.md.

/** @type {Record<string, {word: string, sentence: string}>} */
export const TERMS = {
  packet: {
    word: 'Packet',
    sentence: 'One release of a model with everything it stands on: model, ' +
        'adapters, evidence, decision, lineage, runtimes and licences.',
  },
  digest: {
    word: 'Digest',
    sentence: 'The SHA-256 of some bytes: change one bit of them, and the ' +
        'digest is another.',
  },
  blob: {
    word: 'Blob',
    sentence: 'A file of a packet, named by its digest.',
  },
  manifest: {
    word: 'Manifest',
    sentence: 'The list of all files of a packet with their digests and ' +
        'sizes; its own digest is what identifies the packet.',
  },
  record: {
    word: 'Release record',
    sentence: 'The one document to read: it names, by digest, everything that ' +
        'the release stands on.',
  },
  assembly: {
    word: 'Assembly',
    sentence: 'A base model and the adapters applied to it, in order, under ' +
        'one digest.',
  },
  adapter: {
    word: 'Adapter',
    sentence: 'A small file of changes that is bound to one model by that ' +
        'model’s digest.',
  },
  preflight: {
    word: 'Preflight',
    sentence: 'A check of how much memory a model needs, before anything is ' +
        'loaded.',
  },
  suite: {
    word: 'Suite',
    sentence: 'Test cases that were frozen: its digest names exactly these ' +
        'cases and no others.',
  },
  sidecar: {
    word: 'Sidecar',
    sentence: 'The evidence of one suite run on one assembly: every case, ' +
        'what was expected, and what the model said.',
  },
  evidence: {
    word: 'Evidence',
    sentence: 'Sidecars, and what was decided on them.',
  },
  rederive: {
    word: 'Re-derive',
    sentence: 'To run the same suite again and compare the bytes: the runtime ' +
        'gives the same bits on every machine, so honest evidence matches ' +
        'exactly.',
  },
  baseline: {
    word: 'Baseline',
    sentence: 'Evidence on the parent, or on an earlier release, that a ' +
        'candidate is compared with.',
  },
  gate: {
    word: 'Gate',
    sentence: 'A policy applied to evidence; its verdict is PASS or a named ' +
        'refusal.',
  },
  policy: {
    word: 'Policy',
    sentence: 'What a gate asks for, as data: pass rates, hard cases, limits ' +
        'of regression and of resources.',
  },
  claimLevel: {
    word: 'Claim level',
    sentence: 'How much the evidence lets anyone claim, from “structural” up ' +
        'to “product-release”; a gate permits its own level and no higher.',
  },
  lineage: {
    word: 'Lineage',
    sentence: 'Who a model descends from, and which operation made it from ' +
        'each parent.',
  },
  operator: {
    word: 'Operator',
    sentence: 'What makes a model from its inputs: import, train, adapter, ' +
        'quantize, fuse or merge.',
  },
  receipt: {
    word: 'Receipt',
    sentence: 'What an operator read, how it was set, and the digest of what ' +
        'it wrote: enough to do it again.',
  },
  claim: {
    word: 'Claim',
    sentence: 'A signed statement about a packet that lies beside it and ' +
        'names it by digest.',
  },
  publicKey: {
    word: 'Public key',
    sentence: 'The half of a signer’s key that may be shown: with it anybody ' +
        'can check a signature, and nobody can make one.',
  },
  counted: {
    word: 'Counted',
    sentence: 'Computed from files and token counts, so the same everywhere; ' +
        'the opposite of measured.',
  },
  diagnostics: {
    word: 'Diagnostics',
    sentence: 'What the runtime says about itself: sizes, work done and the ' +
        'state it is in.',
  },
  numerics: {
    word: 'Numerics',
    sentence: 'The exact arithmetic that every runtime follows to the bit, so ' +
        'that results can be compared byte for byte.',
  },
  scorecard: {
    word: 'Scorecard',
    sentence: 'The evidence on one assembly gathered into figures: utility, ' +
        'calibration, robustness, latency, memory, maintainability.',
  },
  context: {
    word: 'Context',
    sentence: 'The tokens that the model sees at once: the prompt and what it ' +
        'has written so far.',
  },
  temperature: {
    word: 'Temperature',
    sentence: 'How freely the next token is chosen: 0 always takes the ' +
        'likeliest.',
  },
  topK: {
    word: 'Top k',
    sentence: 'Only the k likeliest tokens may be chosen.',
  },
  topP: {
    word: 'Top p',
    sentence: 'Only the likeliest tokens that together reach this probability ' +
        'may be chosen.',
  },
  seed: {
    word: 'Seed',
    sentence: 'Where the choice of tokens starts from: the same seed gives ' +
        'the same text, everywhere.',
  },
  hardCase: {
    word: 'Hard case',
    sentence: 'A case that must pass, whatever the score of its suite.',
  },
  tensor: {
    word: 'Tensor',
    sentence: 'One table of a model’s weights, with a name and a digest of ' +
        'its values.',
  },
  rollback: {
    word: 'Rollback target',
    sentence: 'The parent to go back to, if its own evidence in this packet ' +
        'passed.',
  },
  bom: {
    word: 'Bill of materials',
    sentence: 'What is inside: models, data, runtimes and libraries, in a ' +
        'public format.',
  },
};
