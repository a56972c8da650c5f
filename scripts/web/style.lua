-- style: the one style sheet. Colours are variables with a light and a dark value; sizes follow the reader's font.
return [[
:root {
  --ground: #faf8f5; --surface: #ffffff; --ink: #1f2328; --muted: #5b6470; --line: #e2ddd5; --accent: #b23a08;
  --bad: #b42318; --bad-ground: #fdecea; --good: #146c3a; --good-ground: #e3f5ea; --calm: #3f3d9e;
  --calm-ground: #ebebfb;
  --over: #4b5563; --over-ground: #eceef1; --warn: #8a4b00; --warn-ground: #fdf0d8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171b; --surface: #1c2026; --ink: #e7e9ec; --muted: #9aa4b1; --line: #2e343c;
    --accent: #ff8a5c;
    --bad: #ffb4a8; --bad-ground: #4a1d18; --good: #8fe0af; --good-ground: #16382a; --calm: #c3c2ff;
    --calm-ground: #2b2b58;
    --over: #c3cad3; --over-ground: #333a43; --warn: #ffd596; --warn-ground: #46320f;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
a { color: var(--accent); }
a:focus-visible, summary:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px;
  border-radius: .3rem; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--surface); padding: .4rem .8rem; }
.top { display: flex; gap: 1.5rem; align-items: center; padding: .7rem clamp(1rem, 4vw, 2.5rem);
  background: var(--surface);
  border-bottom: 1px solid var(--line); }
.brand { display: flex; gap: .6rem; align-items: center; font-weight: 700; font-size: 1.1rem;
  color: var(--ink); text-decoration: none; }
.top nav a { text-decoration: none; }
main { max-width: 78rem; margin: 0 auto; padding: 1.5rem clamp(1rem, 4vw, 2.5rem) 3rem; }
footer { max-width: 78rem; margin: 0 auto; padding: 1rem clamp(1rem, 4vw, 2.5rem) 2rem; color: var(--muted);
  font-size: .85rem; }
h1 { font-size: clamp(1.4rem, 3.5vw, 2rem); line-height: 1.25; margin: .2rem 0 .8rem;
  overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 0 0 .7rem; }
h3 { font-size: 1.02rem; margin: 0 0 .4rem; overflow-wrap: anywhere; }
code { font: .88em ui-monospace, "DejaVu Sans Mono", monospace; color: var(--muted); overflow-wrap: anywhere; }
.muted, .system, .ago { color: var(--muted); }
.count { display: inline-block; min-width: 1.6em; text-align: center; border-radius: 1em;
  background: var(--over-ground); color: var(--over);
  font-size: .85rem; padding: 0 .5em; }
.status { margin: 1.4rem 0 2rem; }
.cards { list-style: none; margin: 0; padding: 0; display: grid;
  grid-template-columns: repeat(auto-fill, minmax(min(22rem, 100%), 1fr)); gap: 1rem; }
.incident { display: block; height: 100%; padding: 1rem 1.1rem; background: var(--surface);
  border: 1px solid var(--line); border-radius: .7rem;
  color: inherit; text-decoration: none; }
.incident:hover { border-color: var(--accent); }
.incident p { margin: .35rem 0 0; font-size: .92rem; }
.excerpt { display: -webkit-box; -webkit-line-clamp: 3; -webkit-box-orient: vertical; overflow: hidden;
  overflow-wrap: anywhere; }
.pills { display: flex; flex-wrap: wrap; gap: .45rem; align-items: center; }
.pill { border-radius: 1em; padding: .08rem .7rem; font-size: .85rem; font-weight: 600;
  background: var(--over-ground); color: var(--over); }
.pill.bad, .pill.p1, .pill.p2 { background: var(--bad-ground); color: var(--bad); }
.pill.good { background: var(--good-ground); color: var(--good); }
.pill.calm { background: var(--calm-ground); color: var(--calm); }
.pill.p3 { background: var(--warn-ground); color: var(--warn); }
.columns { display: grid; grid-template-columns: minmax(0, 2.2fr) minmax(0, 1fr); gap: 1.2rem;
  align-items: start; margin-top: 1.2rem; }
.narrow { grid-column: 2; grid-row: 1; }
.wide { grid-column: 1; grid-row: 1; }
@media (max-width: 55rem) {
  .columns { display: block; }
}
.card { background: var(--surface); border: 1px solid var(--line); border-radius: .7rem;
  padding: 1rem 1.2rem; margin-bottom: 1.2rem; }
.facts { margin: 0; display: grid; gap: .55rem; }
.facts dt { color: var(--muted); font-size: .85rem; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
ul.plain { list-style: none; margin: 0; padding: 0; display: grid; gap: .35rem; }
.prose { white-space: pre-line; overflow-wrap: anywhere; margin: .3rem 0; }
.prose, .excerpt { unicode-bidi: plaintext; }
.person { unicode-bidi: isolate; }
.notice { margin: 1rem 0; padding: .6rem 1rem; border-radius: .7rem; background: var(--bad-ground);
  color: var(--bad); }
.notice a, .notice code { color: inherit; font-weight: 600; }
summary { cursor: pointer; color: var(--muted); padding: .2rem 0; }
details ul { padding: .3rem 0 0 1.1rem; }
.timeline { list-style: none; margin: 0; padding: 0 0 0 1rem; border-left: 3px solid var(--line);
  display: grid; gap: 1rem; }
.timeline li { position: relative; }
.timeline li::before { content: ""; position: absolute; left: -1.42rem; top: .45rem; width: .7rem;
  height: .7rem; border-radius: 50%;
  background: var(--accent); }
.timeline p { margin: .1rem 0; }
.timeline + p { margin: 1rem 0 0; }
.when { font-size: .88rem; color: var(--muted); }
.grid { width: 100%; border-collapse: collapse; font-size: .93rem; }
.grid th:first-child { min-width: 9rem; }
.grid th { text-align: left; color: var(--muted); font-weight: 600; font-size: .85rem; }
.grid th, .grid td { padding: .45rem .6rem .45rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere; }
.grid tr:last-child td { border-bottom: 0; }
.grid td p { margin: 0; }
@media (max-width: 40rem) {
  .grid thead { position: absolute; left: -99rem; }
  .grid tr { display: block; padding: .5rem 0; border-bottom: 1px solid var(--line); }
  .grid td { display: grid; grid-template-columns: 6rem 1fr; border: 0; padding: .15rem 0; }
  .grid tr:last-child { border: 0; padding-bottom: 0; }
  .grid td:empty { display: none; }
  .grid td::before { content: attr(data-label); color: var(--muted); font-size: .85rem; }
}
.state { font-weight: 600; white-space: nowrap; }
.state.invited, .state.done { color: var(--good); }
.state.failed, .state.dead { color: var(--bad); }
.state.pending, .state.ready, .state.running { color: var(--warn); }
.empty { text-align: center; padding: 12vh 1rem; }
]]
