// The workflow files are YAML whose jobs call commands, options, rules and targets
// that there are.
//
//   workflows_test.mjs PEDIGREE KINDS JS_YAML FILE...
//
// KINDS: targets and their kinds, as Bazel's query knows them.
import assert from 'node:assert';
import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

const [pedigree, kindList, jsYaml, ...files] = process.argv.slice(2);
const {load} = await import(path.resolve(jsYaml));

// The scripts of all jobs of either system, by job.
function jobsOf(workflow) {
  const jobs = {};
  for (const [name, job] of Object.entries(workflow.jobs ?? workflow)) {
    if (job.steps) {
      jobs[name] = job.steps.flatMap((step) => step.run ?? []);
    } else if (job.script) {
      jobs[name] = [...job.script, ...(job.after_script ?? [])];
    }
  }
  return jobs;
}

// Commands as a shell has them: continued lines joined.
function commandsOf(scripts) {
  return scripts.join('\n').replace(/\\\n\s*/g, ' ').split('\n');
}

function help(words) {
  const {status, stdout} =
      spawnSync(path.resolve(pedigree), [...words, '--help'], {encoding: 'utf8'});
  assert.equal(status, 0, stdout);
  // Of a command that is none, it is that of the group.
  assert.match(stdout, new RegExp(`^Usage: pedigree ${words.join(' ')} `, 'm'));
  return stdout;
}

// Checks `pedigree packet push packet ... --digest=...`; returns its name.
function checkCommand(command) {
  const words = command.trim().split(/\s+/).slice(1);
  const name = words[0] === 'packet' ? words.slice(0, 2) : words.slice(0, 1);
  const text = help(name);
  for (const option of command.match(/--[a-z][a-z-]*/g) ?? []) {
    assert.match(text, new RegExp(`${option}\\b`), `${option} in: ${command}`);
  }
  return name.join(' ');
}

test('an unknown command or option would be found', () => {
  assert.throws(() => checkCommand('pedigree packet publish packet'));
  assert.throws(() => checkCommand('pedigree packet push packet --tag=v1'));
});

for (const file of files) {
  const workflow = load(fs.readFileSync(file, 'utf8'));
  const jobs = jobsOf(workflow);

  test(`${file} has jobs with scripts`, () => {
    assert.ok(Object.keys(jobs).length > 0);
    for (const scripts of Object.values(jobs)) assert.ok(scripts.length > 0);
  });

  test(`${file} calls pedigree as it is`, () => {
    const called = Object.values(jobs).flatMap(
        (scripts) => commandsOf(scripts)
                         .filter((line) => /^\s*pedigree /.test(line))
                         .map(checkCommand));
    const publishes = /publish|gitlab/.test(file);
    assert.equal(called.includes('packet push'), publishes);
    assert.equal(called.includes('packet verify'), publishes);
  });

  test(`${file} asks for kinds of targets that there are`, () => {
    const text = Object.values(jobs).flat().join('\n');
    const kinds =
        [...text.matchAll(/kind\(\\?"([a-z_]+) rule/g)].map((match) => match[1]);
    assert.ok(kinds.length > 0);
    const known = fs.readFileSync(kindList, 'utf8')
                      .split('\n')
                      .map((line) => line.split(' ')[0]);
    for (const kind of kinds) assert.ok(known.includes(kind), kind);
  });

  test(`${file} gives a job with secrets neither cache nor build`, () => {
    for (const [name, job] of Object.entries(workflow.jobs ?? workflow)) {
      const text = JSON.stringify(job);
      if (!/SIGNING_KEY|REGISTRY_PASSWORD/.test(text)) continue;
      assert.doesNotMatch(text, /actions\/cache|"cache"|bazelw/, name);
      assert.equal(job.environment, 'release', name);
    }
  });
}
