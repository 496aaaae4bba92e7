// The site asks nobody else for anything: no address of another host that a
// browser would fetch, no script or style in the page, one strict policy; and its
// list of files is right.
//
//   site_test.mjs SITE

import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

import {TERMS} from '../web/text/terms.js';
import {run} from './tools.mjs';

const [site, glossary] = process.argv.slice(2);

function filesOf(folder) {
  return fs.readdirSync(path.join(site, folder), {withFileTypes: true}).flatMap((entry) => {
    const name = path.posix.join(folder, entry.name);
    return fs.statSync(path.join(site, name)).isDirectory() ? filesOf(name) : [name];
  });
}

const names = filesOf('.').sort();
const text = (name) => fs.readFileSync(path.join(site, name), 'utf8');
const page = text('index.html');
const ours = names.filter((name) => /\.(html|css|js|webmanifest|svg)$/.test(name));

/** Names that are spelled like addresses, and are never fetched. */
const NAMES = ['http://www.w3.org/2000/svg'];

/** The directives of the page's policy by name. */
function policy() {
  const [, content] = /<meta http-equiv="Content-Security-Policy" content="([^"]*)">/.exec(page);
  return new Map(content.split(';').map((part) => {
    const [name, ...values] = part.trim().split(/\s+/);
    return [name, values.join(' ')];
  }));
}

await run({
  'no file holds an address of another host'() {
    assert.ok(ours.length > 30, `${ours.length} files`);
    for (const name of ours) {
      // What is said about other hosts in words and in comments is fetched by nobody.
      const code = text(name).replace(/^\s*(\/\/|\*|\/\*).*$/gm, '');
      const found = code.match(/\b(?:https?|wss?|ftp|data|blob):\/\/[^\s'"`)<]+/g) ?? [];
      assert.deepEqual(found.filter((address) => !NAMES.includes(address)), [], name);
      assert.doesNotMatch(code, /["'`(]\/\/[a-z]/i, name);
    }
  },

  'the page has no script, style or handler of its own'() {
    for (const [tag] of page.matchAll(/<script\b[^>]*>/g)) assert.match(tag, /\ssrc="/);
    assert.doesNotMatch(page, /<script[^>]*>[^<]/);
    assert.doesNotMatch(page, /<style\b|\sstyle=|\son[a-z]+=/i);
    assert.doesNotMatch(page, /javascript:/i);
  },

  'the policy allows this site and nothing else'() {
    const directives = policy();
    assert.equal(directives.get('default-src'), "'none'");
    assert.equal(directives.get('script-src'), "'self' 'wasm-unsafe-eval'");
    assert.equal(directives.get('require-trusted-types-for'), "'script'");
    const allowed = ["'self'", "'none'", "'script'", "'wasm-unsafe-eval'", 'default'];
    for (const [name, values] of directives) {
      for (const value of values.split(' ')) assert.ok(allowed.includes(value), `${name} ${value}`);
    }
  },

  'nothing makes elements of text'() {
    for (const name of ours) {
      assert.doesNotMatch(text(name),
          /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/, name);
    }
  },

  'every file that the page and its modules name is there'() {
    for (const name of ours) {
      const named = name.endsWith('.html') ?
        [...text(name).matchAll(/\s(?:src|href)="([^"#]+)"/g)] :
        [...text(name).matchAll(/(?:from|import)\s*\(?['"](\.[^'"]+)['"]/g)];
      for (const [, target] of named) {
        assert.ok(names.includes(path.posix.join(path.posix.dirname(name), target)),
            `${name} names ${target}`);
      }
    }
  },

  'the list of files has the digest of each'() {
    const {files} = JSON.parse(text('files.json'));
    const kept = names.filter((name) => !['files.json', 'service_worker.js'].includes(name));
    assert.deepEqual(files.map((file) => file.path), kept);
    for (const {path: name, sha256} of files) {
      const bytes = fs.readFileSync(path.join(site, name));
      assert.equal(createHash('sha256').update(bytes).digest('hex'), sha256, name);
    }
  },

  'the packet that it opens with is there'() {
    const {packet, digest, sibling} = JSON.parse(text('lab.json'));
    assert.match(digest, /^sha256:[0-9a-f]{64}$/);
    assert.ok(names.includes(packet) && names.includes(sibling));
  },

  'modules are WebAssembly without imports'() {
    for (const name of ['client/pedigree.wasm', 'wasm/stream.wasm', 'wasm/verify.wasm']) {
      const module = new WebAssembly.Module(fs.readFileSync(path.join(site, name)));
      assert.deepEqual(WebAssembly.Module.imports(module), [], name);
    }
  },

  'every word that is explained is one of the glossary'() {
    const words = new Set([...fs.readFileSync(glossary, 'utf8')
        .matchAll(/^\| ([^|]+?) \|/gm)].map(([, word]) => word));
    const missing = Object.values(TERMS).map(({word}) => word.toLowerCase())
        .filter((word) => !words.has(word));
    assert.deepEqual(missing, []);
  },
});
