// Asks for what is not on this origin.
fetch("http://127.0.0.1:9/", { mode: "no-cors" })
  .catch(() => {})
  .then(() => postMessage("done"));
