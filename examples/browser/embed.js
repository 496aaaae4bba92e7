import { Pedigree } from "./client/pedigree.js";

const manifest = await (await fetch("model.slm.manifest.json")).json();
const size = Number(manifest.file_bytes);
const sha256 = manifest.model_digest.replace("sha256:", "");
const pedigree = await Pedigree.start();
await pedigree.loadModel(new URL("model.slm", location.href), { size, sha256 });
const decoder = new TextDecoder();
for await (const piece of pedigree.generate("abc", { maxNewTokens: 20 })) {
  document.getElementById("text").append(decoder.decode(piece, { stream: true }));
}
