// What went wrong, in plain words, and what to do next.

/**
 * @typedef {object} Failure
 * @property {string} kind names the state
 * @property {string} title
 * @property {string} what happened, a sentence or two
 * @property {string[]} next what the reader can do
 * @property {string[]} [details] the exact messages
 */

const ASK_AGAIN = 'Get the packet again from where it came from, and compare ' +
    'its digest with one you trust.';

/** Kinds of faults of a packet, most telling first: what a message opens with. */
const PACKET_FAULTS = [
  {
    kind: 'unexpected-packet', starts: [/^Not the expected packet/],
    title: 'This is another packet',
    what: 'The packet’s digest is not the one you asked for. It may be fine, ' +
        'but it is not the release you meant.',
    next: ['Check the digest you entered, or where the file came from.'],
  },
  {
    kind: 'damaged-archive', starts: [/^(Corrupted|Invalid) packed packet/, /tar header/],
    title: 'The file is damaged, or no packed packet',
    what: 'It cannot be unpacked as a packet from its first byte to its last.',
    next: [
      'Download the file again: it may have been cut short.',
      'If it is another kind of file, pick a packet: a .tar.zst that ' +
          '“pedigree packet pack” wrote, or a packet’s folder.',
    ],
  },
  {
    kind: 'missing-blob', starts: [/^Missing blob/],
    title: 'A file of the packet is missing',
    what: 'The manifest names a file that is not there.',
    next: ['Copy the whole folder, with everything below “blobs”.', ASK_AGAIN],
  },
  {
    kind: 'wrong-digest', starts: [/^Corrupted /],
    title: 'A file is not what the packet says it is',
    what: 'Its bytes have another digest or size than the manifest gives. ' +
        'None of them was read any further.',
    next: [
      ASK_AGAIN,
      'If it happens again with a fresh copy, somebody changed the packet.',
    ],
  },
  {
    kind: 'no-packet', starts: [/^Invalid layout: (index\.json|oci-layout|blobs) is missing/],
    title: 'This is not a whole packet',
    what: 'A packet’s folder has index.json, oci-layout and blobs in it.',
    next: ['Pick the folder that holds these three, or a packed .tar.zst.'],
  },
  {
    kind: 'stray-file', starts: [/^Invalid layout/],
    title: 'Something in the folder belongs to no packet',
    what: 'A packet holds the files its manifest names and nothing else.',
    next: ['Remove what does not belong, or unpack the packet anew.'],
  },
  {
    kind: 'drifted-suite', starts: [/suite\.digest|suite\.version|suite\.name|Invalid suite/],
    title: 'The suite is not the one the evidence was made on',
    what: 'The frozen cases in the packet have drifted from those that the ' +
        'evidence names, so the evidence says nothing about them.',
    next: [ASK_AGAIN, 'Whoever released it has to run the suite again.'],
  },
  {
    kind: 'refused', starts: [/^Refused by the gate/],
    title: 'The gate refused this release',
    what: 'The decision in the packet does not promote it.',
    next: ['Read the reasons below. A refused candidate is no release.'],
  },
  {
    kind: 'inconsistent', starts: [/./],
    title: 'The parts of the packet do not belong together',
    what: 'Every file has its digest, but a document is malformed, or says ' +
        'something else than the others lead to.',
    next: [ASK_AGAIN, 'Send the messages below to whoever made the packet.'],
  },
];

/**
 * @param {string[]} faults of a packet that did not verify
 * @returns {Failure}
 */
export function packetFailure(faults) {
  const {kind, title, what, next} = PACKET_FAULTS.find(
      ({starts}) => faults.some((fault) =>
        starts.some((start) => start.test(fault))));
  return {kind, title, what, next, details: faults};
}

const RELOAD = 'Load the model again: the lab starts a fresh runtime.';

/** By the code's name in docs/formats/wasm_abi.md, or the client's own. */
const RUNTIME_FAULTS = {
  ContextExceeded: {
    kind: 'context-overflow', title: 'The prompt is too long for this model',
    what: 'It has more tokens than the model’s context holds.',
    next: ['Shorten the prompt.'],
  },
  AdapterIdentityMismatch: {
    kind: 'adapter-mismatch', title: 'This adapter was made for another model',
    what: 'An adapter names its model by digest, and that is not the model ' +
        'that is loaded.',
    next: ['Load the packet whose model it was made for.'],
  },
  InvalidAdapter: {
    kind: 'invalid-adapter', title: 'This adapter cannot be applied',
    what: 'The file is no adapter of a kind the runtime knows, or it is ' +
        'applied already.',
    next: ['Reset the adapters, or pick another file.'],
  },
  AdapterPayloadInvalid: {
    kind: 'invalid-adapter', title: 'This adapter does not fit the model',
    what: 'One of its changes fits no tensor of the model, or is no finite ' +
        'number.',
    next: ['Pick another adapter.'],
  },
  DigestMismatch: {
    kind: 'wrong-digest', title: 'The bytes are not what the packet says',
    what: 'Their digest changed between verifying and loading.',
    next: ['Open the packet again.'],
  },
  SizeMismatch: {
    kind: 'wrong-digest', title: 'The file has another size than the packet says',
    what: 'It changed between verifying and loading.',
    next: ['Open the packet again.'],
  },
  Cancelled: {
    kind: 'cancelled', title: 'Cancelled', what: 'You stopped it.',
    next: ['Nothing was changed; start again whenever you like.'],
  },
  OutOfMemory: {
    kind: 'out-of-memory', title: 'This browser ran out of memory',
    what: 'The model asked for more memory than the browser gives a page.',
    next: [
      'Close other tabs and programs, then load the model again.',
      'Verify and run it with the pedigree command instead.',
    ],
  },
  ResourceLimit: {
    kind: 'too-large', title: 'The model is too large to run here',
    what: 'A WebAssembly module has at most 4 GiB of memory.',
    next: [
      'You can still read and compare the packet here.',
      'Run it with the pedigree command, which has no such limit.',
    ],
  },
  WorkerCrashed: {
    kind: 'worker-crash', title: 'The runtime has ended unexpectedly',
    what: 'The worker that ran the model is gone. The page and your packet ' +
        'are fine.',
    next: [RELOAD],
  },
  ModelNotLoaded: {
    kind: 'no-model', title: 'No model is loaded',
    what: 'The runtime was started anew.',
    next: [RELOAD],
  },
  InvalidEvalCases: {
    kind: 'drifted-suite', title: 'The suite breaks a rule of the runtime',
    what: 'This runtime cannot run these cases as they are written.',
    next: ['Use the runtime that is in the packet, below “Which runtime”.'],
  },
  ModuleRejected: {
    kind: 'module-rejected', title: 'The runtime module was refused',
    what: 'It is no module the lab can run safely: one that asks for nothing ' +
        'from its host.',
    next: ['Use the lab’s own runtime.'],
  },
  GenerationFailed: {
    kind: 'generation-failed', title: 'The model could not go on',
    what: 'A value was not finite, or no token could be chosen.',
    next: ['Try another prompt, or the default sampling.'],
  },
};

/** What says that the bytes are no model this runtime reads. */
const MODEL_CODES = [
  'InvalidModelMagic', 'UnsupportedModelVersion', 'InvalidHeader',
  'InvalidTensorDirectory', 'MissingTensor', 'ShapeMismatch',
  'UnsupportedDType', 'ChecksumMismatch', 'InvalidTokenizer',
];

/**
 * @param {any} error of the client or of the packet worker
 * @returns {Failure}
 */
export function failureOf(error) {
  const details = error?.message ? [String(error.message)] : [];
  const code = error?.codeName ?? '';
  if (MODEL_CODES.includes(code)) {
    return {
      kind: 'malformed-model', title: 'The model file is malformed', details,
      what: 'It has the digest that the packet gives, but this runtime cannot ' +
          'read it as a model.',
      next: [
        'Ask whoever made the packet.',
        'If the model’s format is newer than this page, try the packet’s own ' +
            'runtime, below “Which runtime”.',
      ],
    };
  }
  if (Object.hasOwn(RUNTIME_FAULTS, code)) {
    return {...RUNTIME_FAULTS[code], details};
  }
  return namedFailure(error, details);
}

function namedFailure(error, details) {
  switch (error?.name) {
    case 'Cancelled':
      return {...RUNTIME_FAULTS.Cancelled, details: []};
    case 'PacketWorkerCrashed':
      return {
        kind: 'worker-crash', title: 'Reading ended unexpectedly', details,
        what: 'The worker that reads packets is gone. Nothing was kept of the ' +
            'packet.',
        next: ['Open the packet again. If it is very large, close other tabs.'],
      };
    case 'NotFoundError':
      return {
        kind: 'not-found', title: 'There is no packet at this address', details,
        what: 'The server has nothing there.',
        next: ['Check the address. It must lie on the same site as this page.'],
      };
    case 'NotReadableError':
      return {
        kind: 'not-readable', title: 'The file can no longer be read', details,
        what: 'It was moved, changed or taken away since you picked it.',
        next: ['Pick it again.'],
      };
    case 'RangeError':
      return {...RUNTIME_FAULTS.OutOfMemory, details};
    default:
      return {
        kind: 'unexpected', title: 'Something went wrong', details,
        what: 'The lab did not expect this.',
        next: ['Try again. If it stays, the message below says more.'],
      };
  }
}

/** A packet whose model is above what a module can hold. */
export function tooLarge(needText, limitText) {
  return {
    ...RUNTIME_FAULTS.ResourceLimit,
    what: `Its model needs at least ${needText}, and a WebAssembly module has ` +
        `at most ${limitText}.`,
    details: [],
  };
}
