"""The style of a comparison's page: phone and print, light and dark; nothing is told by colour alone."""

STYLE = """
:root { color-scheme: light dark; --ink: #1d1d1f; --paper: #fff; --gone: #a3201a; --come: #14602f; --gone-back: #fbe9e7;
  --come-back: #e4f3e8; --edge: #c9c9ce; --soft: #5c5c66; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececf1; --paper: #17171a; --gone: #ff9d94; --come: #8fe0a8;
  --gone-back: #3a1d1b; --come-back: #17301f; --edge: #45454d; --soft: #a5a5b0; } }
* { box-sizing: border-box; }
body { font: 1rem/1.6 "Noto Serif", Georgia, "Noto Naskh Arabic", "Noto Serif CJK SC", "WenQuanYi Zen Hei", serif;
  color: var(--ink); background: var(--paper); max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1, h2, nav, p.facts, ul.notes, .controls, small, summary { font-family: system-ui, "Noto Sans", "DejaVu Sans",
  "Noto Naskh Arabic", "WenQuanYi Zen Hei", sans-serif; }
h1 { font-size: 1.3rem; line-height: 1.3; }
h2 { font-size: 1.05rem; margin: 0 0 .2rem; }
p.facts, ul.notes, small { font-size: .85rem; color: var(--soft); margin: 0 0 .4rem; }
ul.notes { padding-inline-start: 1.1rem; }
section { border-top: 1px solid var(--edge); padding: .8rem 0; }
section p, .inline > div { margin: .35rem 0; overflow-wrap: anywhere; white-space: pre-wrap; }
del { color: var(--gone); background: var(--gone-back); text-decoration: line-through; }
ins { color: var(--come); background: var(--come-back); text-decoration: underline; font-weight: 600; }
del + ins { margin-inline-start: .12em; } del + ins::before { content: "\\200b"; }
.moved del, .moved ins { text-decoration-style: dotted; }
details { display: inline; } details[open]::details-content { display: inline; }
details:not([open])::details-content { display: none; }
summary { display: inline; cursor: pointer; color: var(--soft); font-size: .85rem; }
nav ul { columns: 18rem; column-gap: 2rem; list-style: none; padding: 0; }
nav li { break-inside: avoid; margin: .15rem 0; padding-inline-start: 1rem; text-indent: -1rem; }
a { color: inherit; }
.controls { display: flex; flex-wrap: wrap; gap: .4rem; margin: .6rem 0; font-size: .9rem; }
.controls label { border: 1px solid var(--edge); border-radius: 1rem; padding: .15rem .7rem; cursor: pointer; }
input.choice { position: absolute; opacity: 0; pointer-events: none; }
.beside { display: none; } .beside > div { display: grid; grid-template-columns: 1fr 1fr; gap: 0 1.5rem; }
#beside:checked ~ main .beside { display: block; } #beside:checked ~ main .inline { display: none; }
@media (max-width: 40rem) { .beside > div { grid-template-columns: 1fr; }
  .beside > div > p:empty { display: none; } .beside > div { border-bottom: 1px dotted var(--edge); } }
@media print { body { max-width: none; color: #000; background: #fff; font-size: 10pt; } .controls { display: none; }
  del { color: #000; background: none; } ins { color: #000; background: none; } section { break-inside: auto; }
  h2 { break-after: avoid; } a { text-decoration: none; } }
""".strip()
