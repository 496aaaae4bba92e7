#include "release/lineage/page_parts.h"

namespace pedigree {

const std::string_view kPageStyle = R"css(
:root {
  color-scheme: light dark;
  --bg: #f6f7f9; --card: #ffffff; --ink: #1c2330; --soft: #5b6675;
  --line: #d9dee6; --edge: #a9b4c2; --accent: #2f5fd0; --mark: #fff3c4;
  --champion: #17803d; --specialist: #2f5fd0; --canary: #a66300;
  --shadow: #7a4fb5; --candidate: #4b6478; --draft: #7d8896;
  --archived: #7d8896; --rejected: #b4500c; --revoked: #c62334;
  --released: #2f5fd0; --ancestor: #7d8896;
}
@media (prefers-color-scheme: dark) {
  :root:not([data-theme="light"]) {
    --bg: #10141b; --card: #1a202a; --ink: #e7ebf1; --soft: #9aa6b5;
    --line: #2d3643; --edge: #556273; --accent: #86a8ff; --mark: #4a3f10;
    --champion: #4cc077; --specialist: #86a8ff; --canary: #e3a33c;
    --shadow: #b694ec; --candidate: #8fb0c8; --draft: #8b97a6;
    --archived: #8b97a6; --rejected: #f08a4b; --revoked: #ff6b78;
    --released: #86a8ff; --ancestor: #8b97a6;
  }
}
:root[data-theme="dark"] {
  color-scheme: dark;
  --bg: #10141b; --card: #1a202a; --ink: #e7ebf1; --soft: #9aa6b5;
  --line: #2d3643; --edge: #556273; --accent: #86a8ff; --mark: #4a3f10;
  --champion: #4cc077; --specialist: #86a8ff; --canary: #e3a33c;
  --shadow: #b694ec; --candidate: #8fb0c8; --draft: #8b97a6;
  --archived: #8b97a6; --rejected: #f08a4b; --revoked: #ff6b78;
  --released: #86a8ff; --ancestor: #8b97a6;
}
:root[data-theme="light"] { color-scheme: light; }
* { box-sizing: border-box; }
html, body { height: 100%; margin: 0; }
body {
  display: flex; flex-direction: column; background: var(--bg);
  color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI",
    Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
}
header {
  display: flex; flex-wrap: wrap; align-items: center; gap: 10px 16px;
  padding: 12px 18px; background: var(--card);
  border-bottom: 1px solid var(--line);
}
h1 { font-size: 18px; margin: 0; letter-spacing: -0.01em; }
h1 small { font-weight: 400; color: var(--soft); font-size: 13px;
  margin-left: 8px; letter-spacing: 0; }
#search { flex: 1 1 200px; max-width: 360px; margin-left: auto; }
input, button, summary {
  font: inherit; color: inherit;
}
input {
  width: 100%; padding: 7px 12px; border: 1px solid var(--line);
  border-radius: 8px; background: var(--bg);
}
button {
  border: 1px solid var(--line); background: var(--card);
  border-radius: 8px; padding: 6px 11px; cursor: pointer;
}
button:hover { border-color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.legend { display: flex; flex-wrap: wrap; gap: 6px; padding: 10px 18px;
  border-bottom: 1px solid var(--line); }
.legend button {
  display: inline-flex; align-items: center; gap: 7px; padding: 3px 10px 3px 7px;
  border-radius: 999px; font-size: 13px;
}
.legend button[aria-pressed="false"] { opacity: 0.4; }
.legend b { font-weight: 600; color: var(--soft); }
svg.icon { width: 16px; height: 16px; flex: none; }
main { flex: 1; min-height: 0; display: flex; }
.stage { flex: 1; min-width: 0; position: relative; }
#graph { position: absolute; inset: 0; overflow: auto; cursor: grab;
  touch-action: pan-x pan-y; }
#graph.drag { cursor: grabbing; user-select: none; }
#graph > svg { display: block; margin: 0 auto; }
.zoom { position: absolute; right: 14px; bottom: 14px; display: flex; gap: 6px; }
.zoom button { width: 38px; height: 38px; padding: 0; font-size: 18px;
  box-shadow: 0 1px 4px rgba(0, 0, 0, 0.12); }
aside {
  width: 440px; overflow: auto; padding: 20px 22px 40px;
  background: var(--card); border-left: 1px solid var(--line);
}
.edge { fill: none; stroke: var(--edge); stroke-width: 1.6; }
.edge.on { stroke: var(--accent); stroke-width: 2.6; }
.node { cursor: pointer; outline: none; }
.node rect { fill: var(--card); stroke: var(--line); stroke-width: 1.2; }
.node .side { fill: currentColor; stroke: none; }
.node .t1 { font-weight: 600; font-size: 14px; fill: var(--ink); }
.node .t2 { font-size: 12px; fill: var(--soft); }
.node .t3 { font-size: 11px; font-weight: 600; fill: var(--card); }
.node .chip { fill: currentColor; stroke: none; }
.node:hover .card { stroke: var(--accent); }
.node:focus-visible .card { stroke: var(--accent); stroke-width: 2.6; }
.node.pick .card { stroke: var(--accent); stroke-width: 2.6; }
.node.hit .card { fill: var(--mark); }
.dim { opacity: 0.22; }
.s-ancestor .card, .s-draft .card { stroke-dasharray: 5 4; }
.s-revoked .t1 { text-decoration: line-through; }
.s-archived .t1, .s-rejected .t1 { fill: var(--soft); }
.champion, .s-champion { color: var(--champion); }
.specialist, .s-specialist { color: var(--specialist); }
.canary, .s-canary { color: var(--canary); }
.shadow, .s-shadow { color: var(--shadow); }
.candidate, .s-candidate { color: var(--candidate); }
.draft, .s-draft { color: var(--draft); }
.archived, .s-archived { color: var(--archived); }
.rejected, .s-rejected { color: var(--rejected); }
.revoked, .s-revoked { color: var(--revoked); }
.released, .s-released { color: var(--released); }
.ancestor, .s-ancestor { color: var(--ancestor); }
aside h2 { margin: 0 0 2px; font-size: 20px; letter-spacing: -0.01em;
  overflow-wrap: anywhere; }
aside h3 { margin: 26px 0 8px; font-size: 12px; font-weight: 650;
  letter-spacing: 0.06em; text-transform: uppercase; color: var(--soft); }
.note { color: var(--soft); font-size: 13px; margin: 0 0 8px; }
.pills { display: flex; flex-wrap: wrap; gap: 6px; margin: 8px 0 12px; }
.pill { display: inline-flex; align-items: center; gap: 6px;
  border: 1px solid currentColor; border-radius: 999px; padding: 1px 10px;
  font-size: 13px; font-weight: 600; }
.pill.plain { color: var(--soft); font-weight: 500; border-color: var(--line); }
.pill.good { color: var(--champion); }
.pill.bad { color: var(--revoked); }
dl { display: grid; grid-template-columns: 132px 1fr; gap: 6px 12px; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas,
  "DejaVu Sans Mono", monospace; font-size: 12.5px; }
.digest { border: 0; padding: 0; background: none; text-align: left;
  border-bottom: 1px dotted var(--edge); border-radius: 0; cursor: copy; }
.link { border: 0; padding: 0; background: none; color: var(--accent);
  text-align: left; }
.link:hover { text-decoration: underline; }
ul { margin: 0; padding: 0; list-style: none; }
li + li { margin-top: 4px; }
.suite { display: grid; grid-template-columns: 1fr auto; gap: 2px 12px;
  margin-bottom: 10px; }
.suite svg { grid-column: 1 / -1; width: 100%; height: 8px; display: block;
  border-radius: 4px; }
.bar-back { fill: var(--line); }
.bar-fill { fill: var(--champion); }
.bar-fill.low { fill: var(--revoked); }
.bar-floor { stroke: var(--ink); stroke-width: 2;
  vector-effect: non-scaling-stroke; }
.curve { width: 100%; height: auto; display: block; margin: 4px 0 6px; }
.curve .grid { stroke: var(--line); stroke-width: 1; }
.curve .loss, .curve .check { fill: none; stroke-width: 2;
  stroke-linejoin: round; }
.curve .loss { stroke: var(--accent); }
.curve .check { stroke: var(--champion); stroke-dasharray: 5 3; }
.curve text { font-size: 11px; fill: var(--soft); }
.key-loss { color: var(--accent); }
.key-check { color: var(--champion); }
.alarm { border-left: 3px solid var(--revoked); padding: 6px 12px;
  margin-bottom: 8px; background: var(--bg); border-radius: 0 8px 8px 0; }
details { margin-top: 10px; border: 1px solid var(--line); border-radius: 8px; }
summary { padding: 8px 12px; cursor: pointer; }
pre { margin: 0; padding: 10px 12px; overflow: auto; max-height: 420px;
  border-top: 1px solid var(--line); }
@media (max-width: 820px) {
  body { height: auto; min-height: 100%; }
  main { flex-direction: column; }
  .stage { flex: none; height: 58vh; height: 58svh; }
  aside { width: auto; border-left: 0; border-top: 1px solid var(--line); }
  #search { max-width: none; flex-basis: 100%; order: 9; margin-left: 0; }
  #theme { margin-left: auto; }
  .legend { flex-wrap: nowrap; overflow-x: auto; }
  .legend button { white-space: nowrap; }
  dl { grid-template-columns: 108px 1fr; }
}
@media print {
  .zoom, #search, #theme { display: none; }
  #graph { position: static; }
}
)css";

const std::string_view kPageSymbols = R"svg(
<symbol id="i-champion" viewBox="0 0 16 16"><path d="M8 1l2.1 4.5 4.9.6-3.6 3.4.9 4.9L8 12l-4.3 2.4.9-4.9L1 6.1l4.9-.6z" fill="currentColor"/></symbol>
<symbol id="i-specialist" viewBox="0 0 16 16"><path d="M8 1l7 7-7 7-7-7z" fill="currentColor"/></symbol>
<symbol id="i-canary" viewBox="0 0 16 16"><path d="M8 1.5l7 13H1z" fill="currentColor"/></symbol>
<symbol id="i-shadow" viewBox="0 0 16 16"><circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" stroke-width="1.6"/><path d="M8 1.8a6.2 6.2 0 0 1 0 12.4z" fill="currentColor"/></symbol>
<symbol id="i-candidate" viewBox="0 0 16 16"><circle cx="8" cy="8" r="6" fill="currentColor"/></symbol>
<symbol id="i-draft" viewBox="0 0 16 16"><circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="1.8" stroke-dasharray="3 2"/></symbol>
<symbol id="i-archived" viewBox="0 0 16 16"><path d="M1.5 2.5h13v3.5h-13zM2.5 7h11v6.5h-11z" fill="currentColor"/><path d="M6 9h4" stroke="var(--card)" stroke-width="1.6"/></symbol>
<symbol id="i-rejected" viewBox="0 0 16 16"><path d="M3 3l10 10M13 3L3 13" stroke="currentColor" stroke-width="2.6" stroke-linecap="round"/></symbol>
<symbol id="i-revoked" viewBox="0 0 16 16"><path d="M5.1 1h5.8L15 5.1v5.8L10.900 15H5.100L1 10.900V5.100z" fill="currentColor"/><path d="M4.500 8h7" stroke="var(--card)" stroke-width="2.200"/></symbol>
<symbol id="i-released" viewBox="0 0 16 16"><rect x="1.500" y="1.500" width="13" height="13" rx="3" fill="currentColor"/><path d="M4.500 8.200l2.500 2.500 4.500-5" fill="none" stroke="var(--card)" stroke-width="1.800"/></symbol>
<symbol id="i-ancestor" viewBox="0 0 16 16"><circle cx="8" cy="8" r="3.200" fill="currentColor"/></symbol>
)svg";

const std::string_view kPageScript = R"js(
'use strict';
(function () {
  var data = JSON.parse(document.getElementById('data').textContent);
  var nodes = data.nodes;
  var svg = document.querySelector('#graph > svg');
  var frame = document.getElementById('graph');
  var panel = document.getElementById('panel');
  var search = document.getElementById('query');
  var marks = Array.prototype.slice.call(svg.querySelectorAll('.node'));
  var edges = Array.prototype.slice.call(svg.querySelectorAll('.edge'));
  var place = {};
  nodes.forEach(function (node, i) { place[node.id] = i; });
  var width = Number(svg.dataset.width), height = Number(svg.dataset.height);
  var picked = -1, zoom = 1, hidden = {};

  function h(tag, options) {
    var e = document.createElement(tag);
    options = options || {};
    Object.keys(options).forEach(function (key) {
      if (key === 'text') e.textContent = options[key];
      else if (key === 'click') e.addEventListener('click', options[key]);
      else e.setAttribute(key, options[key]);
    });
    for (var i = 2; i < arguments.length; ++i) {
      if (arguments[i]) e.appendChild(arguments[i]);
    }
    return e;
  }
  function s(tag, options) {
    var e = document.createElementNS('http://www.w3.org/2000/svg', tag);
    Object.keys(options).forEach(function (key) {
      e.setAttribute(key, options[key]);
    });
    for (var i = 2; i < arguments.length; ++i) e.appendChild(arguments[i]);
    return e;
  }
  function icon(state) {
    return s('svg', { 'class': 'icon ' + state, 'aria-hidden': 'true' },
             s('use', { href: '#i-' + state }));
  }
  function digest(value) {
    if (!value) return h('span', { text: 'none', 'class': 'note' });
    var button = h('button', { 'class': 'digest', type: 'button',
      title: value + ' (click to copy)' },
      h('code', { text: value.slice(0, 19) + '\u2026' + value.slice(-6) }));
    button.addEventListener('click', function () {
      if (!navigator.clipboard) return;
      navigator.clipboard.writeText(value).then(function () {
        button.firstChild.textContent = 'copied';
        setTimeout(function () {
          button.firstChild.textContent =
            value.slice(0, 19) + '\u2026' + value.slice(-6);
        }, 900);
      });
    });
    return button;
  }
  function link(id) {
    var node = nodes[place[id]];
    return h('button', { 'class': 'link', type: 'button', text: node.label,
      click: function () { pick(place[id], true); } });
  }
  function list(items) {
    var ul = h('ul');
    items.forEach(function (item) { ul.appendChild(h('li', {}, item)); });
    return items.length ? ul : h('span', { 'class': 'note', text: 'none' });
  }
  function text(value) { return h('span', { text: value }); }
  function facts(rows) {
    var dl = h('dl');
    rows.forEach(function (row) {
      if (!row) return;
      dl.appendChild(h('dt', { text: row[0] }));
      dl.appendChild(h('dd', {}, typeof row[1] === 'string' ? text(row[1])
                                                            : row[1]));
    });
    return dl;
  }
  function terms(items) {
    return list(items.map(function (term) {
      return text(term.scale.replace(/_/g, ' ') + ': ' + term.level);
    }));
  }
  function suite(result) {
    var rate = Number(result.pass_rate), floor = Number(result.min_pass_rate);
    var bar = s('svg', { viewBox: '0 0 100 8', preserveAspectRatio: 'none',
                         role: 'img', 'aria-label': 'pass rate ' +
                         result.pass_rate },
      s('rect', { 'class': 'bar-back', width: 100, height: 8 }),
      s('rect', { 'class': 'bar-fill' + (rate < floor ? ' low' : ''),
                  width: 100 * rate, height: 8 }),
      s('line', { 'class': 'bar-floor', x1: 100 * floor, x2: 100 * floor,
                  y1: 0, y2: 8 }));
    var base = result.baseline_pass_rate
      ? ', parent ' + percent(result.baseline_pass_rate) : '';
    return h('div', { 'class': 'suite' },
      h('span', { text: result.suite }),
      h('span', { text: percent(result.pass_rate) + ' (' + result.passed +
        ' of ' + result.cases + base + ')', 'class': 'note' }), bar);
  }
  function percent(value) {
    return String(Math.round(Number(value) * 1000) / 10) + ' %';
  }
  function raw(title, record) {
    return h('details', {}, h('summary', { text: title }),
             h('pre', { text: JSON.stringify(record, null, 2) }));
  }

  function releaseParts(release) {
    var again = release.recomputed, out = [];
    out.push(h('h3', { text: 'Packet ' + release.name + ' ' +
                             release.version }));
    out.push(h('div', { 'class': 'pills' },
      release.state ? h('span', { 'class': 'pill ' + release.state },
        icon(release.state), text(release.state)) : null,
      h('span', { 'class': 'pill ' + (release.verdict === 'PASS' ? 'good'
        : 'bad'), text: 'gate ' + release.verdict }),
      h('span', { 'class': 'pill plain', text: release.claim_level })));
    out.push(facts([
      ['packet', digest(release.packet)],
      release.aliases.length ? ['aliases', release.aliases.join(', ')] : null,
      release.added_at ? ['added', release.added_at] : null,
      release.changed_at ? ['last change', release.changed_at +
        (release.reason ? ', \u201c' + release.reason + '\u201d' : '')] : null,
      ['rollback target', release.rollback_target &&
        place[release.rollback_target] !== undefined
        ? link(release.rollback_target) : digest(release.rollback_target)]
    ]));
    out.push(h('h3', { text: 'Measured anew' }));
    out.push(h('p', { 'class': 'note', text: 'Never inherited: found out about '
      + 'this very packet.' }));
    again.scores.forEach(function (result) { out.push(suite(result)); });
    out.push(facts([
      ['scores', again.scores.length + (again.scores.length === 1 ? ' suite'
        : ' suites')],
      ['safety approval', again.safety_approvals === '0' ? 'none signed'
        : again.safety_approvals + ' signed'],
      ['calibration', again.calibration_scorecard
        ? digest(again.calibration_scorecard) : 'no scorecard'],
      ['resource use', list(again.resource_use.map(digest))],
      ['runtimes', list(again.runtimes.map(function (runtime) {
        return text(runtime.target);
      }))]
    ]));
    out.push(raw('Release record', release.record));
    return out;
  }

  // Loss by step, the upper edge being the largest loss and the lower one 0.
  function curve(points) {
    var wide = 380, high = 150, left = 40, bottom = 20;
    var steps = Number(points[points.length - 1].step);
    var most = Math.max.apply(null, points.map(function (point) {
      return Math.max(Number(point.loss), Number(point.validation_loss || 0));
    })) || 1;
    var x = function (step) { return left + (wide - left) * step / steps; };
    var y = function (loss) { return 6 + (high - bottom - 6) * (1 - loss / most); };
    var line = function (name, key) {
      var path = points.filter(function (point) { return point[key]; })
        .map(function (point) {
          return x(Number(point.step)).toFixed(1) + ',' +
            y(Number(point[key])).toFixed(1);
        });
      return s('polyline', { 'class': name, points: path.join(' ') });
    };
    var label = function (value, px, py, anchor) {
      var e = s('text', { x: px, y: py, 'text-anchor': anchor });
      e.textContent = value;
      return e;
    };
    var grid = function (part) {
      return s('line', { 'class': 'grid', x1: left, x2: wide,
                         y1: y(most * part), y2: y(most * part) });
    };
    return s('svg', { 'class': 'curve', viewBox: '0 0 ' + wide + ' ' + high,
        role: 'img', 'aria-label': 'Loss falls from ' + points[0].loss +
        ' to ' + points[points.length - 1].loss + ' over ' + steps +
        ' steps' },
      grid(0), grid(0.5), grid(1),
      label(most.toPrecision(3), left - 6, y(most) + 8, 'end'),
      label('0', left - 6, y(0) + 4, 'end'),
      label(steps + ' steps', wide, high - 4, 'end'),
      line('loss', 'loss'), line('check', 'validation_loss'));
  }

  function training(each) {
    var note = each.training, points = note.curve, checked =
      points.some(function (point) { return point.validation_loss; });
    var key = h('p', { 'class': 'note' },
      h('span', { 'class': 'key-loss', text: '\u2014 loss' }),
      checked ? h('span', { 'class': 'key-check',
                            text: '  \u2013 \u2013 on validation texts' })
              : null);
    return h('div', {}, h('h3', { text: each.operator === 'train' ? 'Trained'
        : 'Adapter trained' }), points.length ? curve(points) : null, key,
      facts([
        ['result', digest(each.artifact)],
        ['parameters', note.trained_parameters],
        ['texts', note.texts + ', ' + note.target_tokens +
          ' tokens to predict'],
        ['steps', each.config.steps + ' of ' + each.config.batch + ' texts'],
        ['final loss', note.final_loss + (note.final_validation_loss
          ? ', on validation texts ' + note.final_validation_loss : '')],
        ['numerics', 'training ' + note.numerics]
      ]), raw('Config and loss curve', each));
  }

  function show(node) {
    var from = node.inherited;
    panel.textContent = '';
    var add = function (e) { panel.appendChild(e); };
    add(h('h2', { text: node.label }));
    add(h('div', { 'class': 'pills' },
      h('span', { 'class': 'pill ' + node.state }, icon(node.state),
        text(node.state)),
      h('span', { 'class': 'pill plain', text: node.operator })));
    from.vulnerabilities.forEach(function (each) {
      add(h('div', { 'class': 'alarm' },
        h('strong', { text: 'Affected by a revocation' }),
        h('div', { text: (each.reason || 'no reason given') + ' (ledger entry '
          + each.entry + '), ' + each.status }), digest(each.origin)));
    });
    node.releases.forEach(function (release) {
      releaseParts(release).forEach(add);
    });
    if (!node.releases.length) {
      add(h('p', { 'class': 'note', text: 'An ancestor that no packet here '
        + 'releases: nothing was measured of it.' }));
    }
    node.trainings.forEach(function (each) { add(training(each)); });
    add(h('h3', { text: 'Inherited' }));
    add(facts([
      ['parents', list(node.parents.map(link))],
      ['licences', list(from.licenses.map(function (license) {
        return text(license.name + (license.inherited ? ', from a parent'
                                                      : ', its own'));
      }))],
      ['obligations', terms(from.licence_terms)],
      ['data', terms(from.data_restrictions)],
      ['vulnerabilities', from.vulnerabilities.length
        ? from.vulnerabilities.length + ' open until retested' : 'none known']
    ]));
    add(h('h3', { text: 'Lineage' }));
    add(facts([
      ['made into', list(node.children.map(link))],
      ['assembly', digest(node.id)],
      ['model', digest(node.derivation.model_digest)],
      ['adapters', list(node.derivation.adapter_digests.map(digest))],
      ['family', node.derivation.base_family],
      ['storage', node.derivation.quantization]
    ]));
    add(raw('Derivation node', node.derivation));
    panel.scrollTop = 0;
  }

  function reach(start, way) {
    var seen = {}, open = [start];
    while (open.length) {
      var i = open.pop();
      if (seen[i]) continue;
      seen[i] = true;
      nodes[i][way].forEach(function (id) { open.push(place[id]); });
    }
    return seen;
  }

  function pick(i, move) {
    picked = i;
    var up = reach(i, 'parents'), down = reach(i, 'children');
    marks.forEach(function (mark, k) {
      mark.classList.toggle('pick', k === i);
      mark.setAttribute('aria-pressed', k === i ? 'true' : 'false');
    });
    edges.forEach(function (edge) {
      var a = Number(edge.dataset.from), b = Number(edge.dataset.to);
      edge.classList.toggle('on', Boolean((up[a] && up[b]) ||
                                          (down[a] && down[b])));
    });
    show(nodes[i]);
    history.replaceState(null, '', '#' + nodes[i].id);
    if (move) reveal(i);
  }

  function reveal(i) {
    var box = marks[i].getBoundingClientRect();
    var view = frame.getBoundingClientRect();
    frame.scrollBy({ left: box.left + box.width / 2 - view.left -
                           view.width / 2,
                     top: box.top + box.height / 2 - view.top -
                          view.height / 2 });
    marks[i].focus({ preventScroll: true });
  }

  function filter() {
    var query = search.value.trim().toLowerCase(), count = 0;
    marks.forEach(function (mark, i) {
      var node = nodes[i];
      var words = node.label + ' ' + node.state + ' ' + node.operator + ' ' +
        node.id + ' ' + node.derivation.base_family + ' ' +
        node.releases.map(function (release) {
          return release.packet + ' ' + release.aliases.join(' ');
        }).join(' ');
      var hit = !query || words.toLowerCase().indexOf(query) >= 0;
      if (query && hit) ++count;
      mark.classList.toggle('hit', Boolean(query) && hit);
      mark.classList.toggle('dim', !hit || Boolean(hidden[node.state]));
    });
    edges.forEach(function (edge) {
      edge.classList.toggle('dim',
        marks[Number(edge.dataset.from)].classList.contains('dim') ||
        marks[Number(edge.dataset.to)].classList.contains('dim'));
    });
    document.getElementById('found').textContent =
      query ? count + ' found' : '';
  }

  function setZoom(value, x, y) {
    var old = zoom;
    zoom = Math.min(2.5, Math.max(0.08, value));
    var left = frame.scrollLeft + (x === undefined ? frame.clientWidth / 2 : x);
    var top = frame.scrollTop + (y === undefined ? frame.clientHeight / 2 : y);
    svg.setAttribute('width', width * zoom);
    svg.setAttribute('height', height * zoom);
    frame.scrollLeft += left * (zoom / old - 1);
    frame.scrollTop += top * (zoom / old - 1);
  }
  function fit() {
    setZoom(Math.max(frame.clientWidth < 600 ? 0.7 : 0.55, Math.min(1.15, (frame.clientWidth - 8) / width,
                                    (frame.clientHeight - 8) / height)));
  }

  var neighbours = function (i, step) {
    var y = marks[i].dataset.y;
    var row = marks.filter(function (mark) { return mark.dataset.y === y; })
      .sort(function (a, b) { return a.dataset.x - b.dataset.x; });
    var next = row[row.indexOf(marks[i]) + step];
    return next ? marks.indexOf(next) : i;
  };
  marks.forEach(function (mark, i) {
    mark.addEventListener('click', function () { pick(i, false); });
    mark.addEventListener('keydown', function (event) {
      var to = -1, node = nodes[i];
      if (event.key === 'Enter' || event.key === ' ') to = i;
      if (event.key === 'ArrowUp' && node.parents.length) {
        to = place[node.parents[0]];
      }
      if (event.key === 'ArrowDown' && node.children.length) {
        to = place[node.children[0]];
      }
      if (event.key === 'ArrowLeft') to = neighbours(i, -1);
      if (event.key === 'ArrowRight') to = neighbours(i, 1);
      if (to < 0) return;
      event.preventDefault();
      pick(to, true);
    });
  });
  search.addEventListener('input', filter);
  search.addEventListener('keydown', function (event) {
    if (event.key !== 'Enter') return;
    var first = marks.findIndex(function (mark) {
      return mark.classList.contains('hit');
    });
    if (first >= 0) pick(first, true);
  });
  document.addEventListener('keydown', function (event) {
    if (event.key === '/' && document.activeElement !== search) {
      event.preventDefault();
      search.focus();
    }
  });
  Array.prototype.forEach.call(document.querySelectorAll('.legend button'),
    function (button) {
      button.addEventListener('click', function () {
        var state = button.dataset.state;
        hidden[state] = !hidden[state];
        button.setAttribute('aria-pressed', hidden[state] ? 'false' : 'true');
        filter();
      });
    });
  document.getElementById('in').addEventListener('click', function () {
    setZoom(zoom * 1.25);
  });
  document.getElementById('out').addEventListener('click', function () {
    setZoom(zoom / 1.25);
  });
  document.getElementById('fit').addEventListener('click', fit);
  document.getElementById('theme').addEventListener('click', function () {
    var root = document.documentElement;
    var dark = root.dataset.theme ? root.dataset.theme === 'dark'
      : matchMedia('(prefers-color-scheme: dark)').matches;
    root.dataset.theme = dark ? 'light' : 'dark';
  });
  frame.addEventListener('wheel', function (event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    var view = frame.getBoundingClientRect();
    setZoom(zoom * Math.exp(-event.deltaY / 400), event.clientX - view.left,
            event.clientY - view.top);
  }, { passive: false });
  var grip = null;
  frame.addEventListener('mousedown', function (event) {
    if (event.button !== 0) return;
    grip = [event.clientX, event.clientY, frame.scrollLeft, frame.scrollTop];
  });
  window.addEventListener('mousemove', function (event) {
    if (!grip) return;
    frame.classList.add('drag');
    frame.scrollLeft = grip[2] + grip[0] - event.clientX;
    frame.scrollTop = grip[3] + grip[1] - event.clientY;
  });
  window.addEventListener('mouseup', function () {
    grip = null;
    frame.classList.remove('drag');
  });

  fit();
  var wanted = place[decodeURIComponent(location.hash.slice(1))];
  if (wanted === undefined) wanted = Number(svg.dataset.first);
  if (nodes.length) {
    pick(wanted, true);
    marks[wanted].blur();
  }
})();
)js";

}  // namespace pedigree
