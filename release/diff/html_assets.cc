#include "release/diff/html_assets.h"

namespace pedigree {
namespace {

constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--paper:#fbfaf7;--card:#fff;--ink:#1d2129;--soft:#667085;--line:#e4e1d8;--a:#2f6f8f;--b:#b4601c;--good:#2e7d4f;--bad:#b3362f;--mark-a:#d6e8f1;--mark-b:#f9e2cb;--bar:#8a6bb1;--track:#eeebe3;--shade:0 1px 2px rgb(30 30 40/.06),0 4px 16px rgb(30 30 40/.04);--mono:ui-monospace,"SF Mono",SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
@media(prefers-color-scheme:dark){:root{--paper:#14161a;--card:#1c1f25;--ink:#e7e6e1;--soft:#989fab;--line:#2e323a;--a:#7cbcd9;--b:#e7a263;--good:#71c493;--bad:#ef8b84;--mark-a:#1d4052;--mark-b:#553617;--bar:#a98bd0;--track:#272b32;--shade:0 1px 2px rgb(0 0 0/.4)}}
*{box-sizing:border-box}
html{scroll-behavior:smooth;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:66rem;margin:0 auto;padding:2.5rem 1.25rem 5rem}
h1{font-size:clamp(1.5rem,4vw,2.1rem);line-height:1.2;margin:.2rem 0 1.4rem;letter-spacing:-.015em;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:3rem 0 .8rem;letter-spacing:-.005em}
h2 small,h3 small{font-weight:400;color:var(--soft);font-size:.85em;margin-left:.4em}
h3{font-size:1rem;margin:1.6rem 0 .6rem;overflow-wrap:anywhere}
p{margin:.5rem 0}
code,.mono,td.num,.text{font-family:var(--mono);font-size:.86em}
.over{margin:0;color:var(--soft);font-size:.8rem;letter-spacing:.09em;text-transform:uppercase}
.soft{color:var(--soft)}
.a{color:var(--a)}.b{color:var(--b)}.good{color:var(--good)}.bad{color:var(--bad)}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;box-shadow:var(--shade)}
.sides{display:grid;grid-template-columns:1fr 1fr;gap:1rem}
.side{padding:1rem 1.15rem;border-top:3px solid var(--line)}
.side.is-a{border-top-color:var(--a)}.side.is-b{border-top-color:var(--b)}
.side b{font-size:.8rem;letter-spacing:.06em}
.side .name{font-weight:600;font-size:1.05rem;overflow-wrap:anywhere}
.side code{display:block;color:var(--soft);overflow-wrap:anywhere;font-size:.75rem;margin-top:.3rem;line-height:1.45}
.chip{display:inline-block;padding:.05rem .55rem;border-radius:99px;font-size:.78rem;border:1px solid currentColor;white-space:nowrap}
.stack{display:flex;height:12px;border-radius:6px;overflow:hidden;margin:1.6rem 0 .6rem;background:var(--track);gap:2px}
.stack rect,.bar rect{rx:2px}
.stack svg{display:block;width:100%;height:12px}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;font-size:.86rem;color:var(--soft);list-style:none;padding:0;margin:0}
.legend b{color:var(--ink);font-variant-numeric:tabular-nums}
.dot{display:inline-block;width:.62em;height:.62em;border-radius:50%;margin-right:.45em}
.f-equal{fill:var(--line);background:var(--soft);opacity:.55}.f-changed{fill:var(--bar);background:var(--bar)}.f-only-in-a{fill:var(--a);background:var(--a)}.f-only-in-b{fill:var(--b);background:var(--b)}
.causes{list-style:none;counter-reset:n;padding:0;margin:0;overflow:hidden}
.causes li{counter-increment:n;padding:.7rem 1rem .7rem 3rem;position:relative;border-top:1px solid var(--line);overflow-wrap:anywhere}
.causes li:first-child{border-top:0}
.causes li:before{content:counter(n);position:absolute;left:1rem;top:.78rem;width:1.3rem;height:1.3rem;border-radius:50%;background:var(--track);color:var(--soft);font-size:.72rem;line-height:1.3rem;text-align:center}
.causes a{font-weight:600;text-decoration:none;color:inherit;border-bottom:1px solid var(--line)}
.causes a:hover{border-color:currentColor}
.causes span{display:block;color:var(--soft);font-family:var(--mono);font-size:.8rem;line-height:1.45}
.wrap{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.92rem}
th{font-weight:500;font-size:.78rem;color:var(--soft);text-align:left;padding:.65rem .9rem .45rem;white-space:nowrap}
td{padding:.5rem .9rem;border-top:1px solid var(--line);vertical-align:top}
td.num,th.num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.val{font-family:var(--mono);font-size:.82em;overflow-wrap:anywhere;min-width:8rem}
td.key{overflow-wrap:anywhere;min-width:9rem}
tbody tr:hover td{background:color-mix(in srgb,var(--track) 45%,transparent)}
.bar{display:block;width:100%;min-width:6rem;height:7px;margin-top:.4rem}
.bar .track{fill:var(--track)}.bar .fill{fill:var(--bar)}.bar .part{fill:var(--soft)}
.filter{display:flex;gap:.7rem;align-items:center;padding:.7rem .9rem;border-bottom:1px solid var(--line);flex-wrap:wrap}
.filter input,.filter select{font:inherit;font-size:.9rem;color:inherit;background:var(--paper);border:1px solid var(--line);border-radius:8px;padding:.4rem .7rem}
.filter input{flex:1;min-width:10rem}
.filter input:focus,.filter select:focus,summary:focus-visible{outline:2px solid var(--bar);outline-offset:1px}
.filter output{color:var(--soft);font-size:.84rem;white-space:nowrap}
.case{margin:1rem 0;overflow:hidden}
.case header{display:flex;gap:.4rem .8rem;align-items:center;flex-wrap:wrap;padding:.75rem 1rem}
.case header b{overflow-wrap:anywhere;margin-right:auto}
.case .row{padding:.55rem 1rem;border-top:1px solid var(--line)}
.case .two{display:grid;grid-template-columns:1fr 1fr;border-top:1px solid var(--line)}
.case .two>div{padding:.7rem 1rem .9rem;min-width:0}
.case .two>div+div{border-left:1px solid var(--line)}
.label{font-size:.74rem;color:var(--soft);letter-spacing:.03em;margin-bottom:.15rem}
.text{white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.5}
mark{color:inherit;border-radius:3px;padding:.05em .05em}
.is-a mark{background:var(--mark-a)}.is-b mark{background:var(--mark-b)}
.empty{display:inline-block;color:var(--soft);font-style:italic}
.unseen{font-style:normal;font-size:.78em;color:var(--bad);border:1px solid currentColor;border-radius:3px;padding:0 .2em;margin:0 .1em}
details{margin:.7rem 0;overflow:hidden}
summary{cursor:pointer;padding:.7rem 1rem;list-style:none;display:flex;gap:.8rem;align-items:baseline;flex-wrap:wrap}
summary::-webkit-details-marker{display:none}
summary:before{content:"";width:.42em;height:.42em;border-right:2px solid var(--soft);border-bottom:2px solid var(--soft);transform:rotate(-45deg);transition:transform .15s;flex:none;align-self:center}
details[open]>summary:before{transform:rotate(45deg)}
summary b{font-weight:600;overflow-wrap:anywhere}
summary span{color:var(--soft);font-size:.86rem;margin-left:auto;text-align:right}
.note{padding:.6rem 1rem;border-top:1px solid var(--line);color:var(--soft);font-size:.88rem;overflow-wrap:anywhere}
.names{list-style:none;padding:.6rem 1rem;margin:0;border-top:1px solid var(--line)}
.names li{font-family:var(--mono);font-size:.84rem;overflow-wrap:anywhere}
.names li:before{display:inline-block;width:1.2em;font-weight:700}
.names .minus:before{content:"\2212";color:var(--a)}.names .plus:before{content:"+";color:var(--b)}
footer{margin-top:4rem;color:var(--soft);font-size:.82rem;border-top:1px solid var(--line);padding-top:1rem}
[hidden]{display:none!important}
@media(max-width:42rem){
body{font-size:15px}main{padding:1.4rem .9rem 3rem}
.sides{grid-template-columns:1fr;gap:.7rem}
.case .two{grid-template-columns:1fr}.case .two>div+div{border-left:0;border-top:1px solid var(--line)}
.causes li{padding-left:2.7rem}.causes li:before{left:.8rem}
table.fold thead{display:none}
table.fold,table.fold tbody,table.fold tr,table.fold td{display:block;min-width:0}
table.fold tr{border-top:1px solid var(--line);padding:.55rem 0}
table.fold tbody tr:first-child{border-top:0}
table.fold td{border:0;padding:.12rem .9rem;text-align:left;white-space:normal;display:flex;gap:.8rem;justify-content:space-between;align-items:baseline}
table.fold td.key{font-weight:600;display:block}
table.fold td[data-l]:before{content:attr(data-l);color:var(--soft);font:400 .8rem system-ui,sans-serif;flex:none}
table.fold td.barred{display:block}
table.fold td.barred:before{float:left;margin-right:.8rem}
table.fold td.barred .v{display:block;text-align:right}
summary span{margin-left:1.2rem;width:100%;text-align:left}
}
@media print{.filter{display:none}.card{box-shadow:none}}
)css";

constexpr std::string_view kScript = R"js(
"use strict";
for (const box of document.querySelectorAll("[data-table]")) {
  const body = document.getElementById(box.dataset.table).tBodies[0];
  const rows = Array.from(body.rows);
  const input = box.querySelector("input");
  const select = box.querySelector("select");
  const output = box.querySelector("output");
  const show = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const name = row.dataset.name.toLowerCase();
      row.hidden = !words.every((word) => name.includes(word));
      if (!row.hidden) ++shown;
    }
    output.textContent = shown === rows.length ? `${shown} rows` : `${shown} of ${rows.length} rows`;
  };
  const order = () => {
    const key = select.value;
    const sorted = rows.slice();
    if (key !== "place") sorted.sort((x, y) => Number(y.dataset[key]) - Number(x.dataset[key]));
    body.append(...sorted);
  };
  input.addEventListener("input", show);
  select.addEventListener("change", order);
  box.hidden = rows.length < 4;
  show();
}
const open = () => {
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (target && target.tagName === "DETAILS") target.open = true;
};
addEventListener("hashchange", open);
open();
)js";

}  // namespace

std::string_view DiffPageStyle() { return kStyle; }

std::string_view DiffPageScript() { return kScript; }

}  // namespace pedigree
