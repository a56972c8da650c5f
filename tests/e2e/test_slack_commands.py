"""The slash command's words: each subcommand with its synonyms and arguments, the operator's own words, `help`."""
import json

from flows import incident, open_incident, typed, view_of, words
from harness import check, equal, wait_for

# Each command that opens a form, with all of its synonyms.
FORMS = {
    "incident_update": ["update"],
    "incident_update_status": ["update-status", "update status"],
    "incident_edit_incident": ["edit"],
    "incident_update_roles": ["roles", "update roles"],
    "incident_close": ["close"],  # from Open it asks for the reason first
    "incident_status": ["status"],
    "incident_send_sos": ["sos", "sre", "sos-sre", "sos sre"],
    "incident_downgrade_workflow": ["downgrade", "convert"],
    "incident_create_postmortem": ["postmortem", "post-mortem", "post mortem", "pm"],
    "incident_key_events": ["key-events", "key events", "milestones"],
}
SOS = 'sos = { { name = "Database team", conversation = "C0GENERAL" },'


def configure(world, *replacements):
    with open(world.config) as shipped:
        text = shipped.read()
    for old, new in replacements:
        check(old in text, f"the shipped config holds {old!r}")
        text = text.replace(old, new, 1)
    world.write("config.lua", text)


def answer(engine, text, **more):
    reply = engine.command(text, **more)
    equal(reply.status, 200, f"the answer to {text!r}")
    return json.dumps(reply.json, ensure_ascii=False)


def test_every_word_opens_its_form(world):
    configure(world, ("sos = {", SOS))
    engine, channel = open_incident(world)
    for callback, texts in FORMS.items():
        shown = "incident_closure_reason" if callback == "incident_close" else callback
        for text in texts + [texts[0].upper(), f"  {texts[0]}  #1 ", f"{texts[0]} 1"]:
            view = view_of(world, engine, text, shown, channel)
            check("#1" in view["title"]["text"] or "#1" in words(view), f"{text!r} is about incident 1: {view['title']}")
    view = view_of(world, engine, "open", "incident_open")
    check(view["blocks"], "the form to declare")
    engine.process.stop()


def test_outside_of_a_channel_every_form_asks_which(world):
    engine, _ = open_incident(world)
    for callback, texts in FORMS.items():
        view = view_of(world, engine, texts[0], callback)
        check("incident_update_select_incident" in words(view), f"{texts[0]}: {words(view)}")
        missing = view_of(world, engine, texts[0] + " #99", "notice")
        check("no incident #99" in words(missing), f"{texts[0]} #99: {words(missing)}")
        check("no incident's number" in answer(engine, texts[0] + " soon"), f"{texts[0]} soon")
    engine.process.stop()


def test_open_takes_priority_and_title(world):
    engine, _ = open_incident(world, priority="P2")
    one = incident(world)
    equal((one["priority"]["name"], one["title"]), ("P2", "Checkout answers with errors in all shops"), "the incident")
    for text, wanted in (("open P9 Checkout answers with errors", "no priority `P9`"), ("open P2 short", "The title has 5"),
                         ("open Payments are refused", "no priority `Payments`"),
                         ("open Payments are refused", "For example: `/incident open P2 Payments are refused`"),
                         ("open p3", "What is broken?"), ("open p3", "For example: `/incident open P3 "),
                         ("open P2 #paymnet Payments are refused", "There is no category `#paymnet`. Did you mean `#payment`?"),
                         ("P1 Payments are refused", "begin with `open`. For example: `/incident open P1 Payments are refused`"),
                         ("status #x", "`/incident status #12`")):
        check(wanted in answer(engine, text), f"{text}: {answer(engine, text)}")
    equal(len(json.loads(world.cli("incident", "list", "--json").stdout)), 1, "nothing else was declared")
    engine.process.stop()


def test_the_operators_words(world):
    configure(world, ("commands = {", 'commands = { close = { name = "fermer", aliases = { "fin", "mettre fin" }, '
                      'about = "quand tout est <!channel> fini" }, status = { about = { "ou en est-on" } },'))
    engine, channel = open_incident(world)
    for text in ("fermer", "FIN", "mettre  fin #1", "close"):
        view = view_of(world, engine, text, "incident_closure_reason", channel)
        check("#1" in words(view), f"what {text!r} opens: {words(view)}")
    said = answer(engine, "help")
    check("`/incident fermer`: quand tout est &lt;!channel&gt; fini (or `close`, `fin`, `mettre fin`)" in said, said)
    check("`/incident fermer #12`: the same for incident 12" in said, said)
    check("`/incident status`: ou en est-on" in said, said)
    check("Did you mean `fermer`?" in answer(engine, "fermier"), answer(engine, "fermier"))
    engine.process.stop()


def test_words_that_cannot_be_are_refused(world):
    configure(world, ("commands = {", 'commands = { close = { aliases = { "sos" } },'))
    refused = world.cli("check", ok=False)
    equal(refused.returncode, 1, "the exit code")
    check("slack.commands.close.aliases[1] calls `sos` already" in refused.stderr.replace(":", ""), refused.stderr)
    configure(world, ('close = { aliases = { "sos" } },', 'clsoe = { aliases = { "Fin" } },'))
    refused = world.cli("check", ok=False).stderr
    check("must be lower case" in refused, refused)


def test_paging_without_a_pager_says_who_can_be_called(world):
    configure(world, ("sos = {", SOS))
    engine = world.engine()
    for text in ("oncall", "on-call"):
        check("`/incident sos` calls those who are declared: Database team." in answer(engine, text), answer(engine, text))
    engine.process.stop()


def test_the_link_of_a_post_mortem_is_kept(world):
    engine, channel = open_incident(world)
    def form():
        return view_of(world, engine, "pm", "incident_create_postmortem", channel)
    def send(view, url):
        return engine.submit(view, {"url": {"url": typed(url)}}).json
    view = form()
    check("There is no post-mortem" in words(view), f"there is none: {words(view)}")
    for wrong in ("javascript:alert(1)", "https://wiki.example.test/a b", "https://wiki.example.test/|<!channel>"):
        check("url" in send(view, wrong)["errors"], f"{wrong} is no link")
    equal(send(view, "https://wiki.example.test/pm/1"), {"response_action": "clear"}, "the link is taken")
    view = form()
    check("<https://wiki.example.test/pm/1" in words(view), f"it is shown: {words(view)}")
    equal(send(view, "https://wiki.example.test/pm/1"), None, "nothing changed")
    equal(send(view, None), {"response_action": "clear"}, "emptied, it is forgotten")
    check("There is no post-mortem" in words(form()), "it is gone")
    engine.process.stop()


def test_help_lists_every_command(world):
    engine = world.engine()
    said = answer(engine, "help")
    for texts in [*FORMS.values(), ["open"], ["list"], ["help"], ["why"], ["oncall", "on-call"]]:
        check(all(text in said for text in texts), f"{texts} in {said}")
    equal(answer(engine, ""), said, "nothing typed")
    unknown = answer(engine, "clsoe")
    check("There is no `clsoe`. Did you mean `close`?" in unknown and "/incident open" in unknown, unknown)
    wait_for("no view was opened", lambda: not world.sandbox.views())
    engine.process.stop()
