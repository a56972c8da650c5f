-- config.lua: the operator's file. Data, not a program: it can use env("NAME", default), secret("NAME") (the
-- variable NAME, or the file that NAME_FILE names), seconds minutes hours days, kib mib, and nothing else. Saved
-- changes are taken over while the engine runs; `halligan check` reads the file offline and names line and path of
-- each mistake.
--
-- Rows (priorities, categories, ...) are written to the database by their natural key. What you remove here is
-- deactivated, never deleted: old incidents keep it.
return {
  listen = env("LISTEN", "127.0.0.1:8080"),          -- a loopback address also serves the pages; no other one does
  database = env("DATABASE", "var/halligan.db"),
  base_url = env("BASE_URL"),                        -- how people reach the pages; default: http:// and `listen`
  time_zone = env("TIME_ZONE", "UTC"),               -- for dates in channel names and for schedules

  -- What an incident can be worth. `value` orders them and is what the impacts suggest; `sla` is how fast it should
  -- be over; values below 4 get a channel unless response_type says "normal".
  priorities = {
    { id = "3d8a4e0f-cc79-4063-9431-8aa785a56ca0", name = "P1", value = 1, emoji = "🌪️", order = 0,
      description = "Critical: the business stands still, management is involved",
      needs_postmortem = true, sla = hours(2) },
    { id = "8ab02fa9-f950-49cb-982e-b8d653e38ffc", name = "P2", value = 2, emoji = "⛈️", order = 1,
      description = "Major: many customers are affected", needs_postmortem = true, sla = hours(4) },
    { id = "e12c3836-ea9b-44bf-a3cf-5a715d62395b", name = "P3", value = 3, emoji = "🌩️", order = 2,
      description = "Minor: some customers are affected", sla = days(1) },
    { id = "b814c9d2-48a8-4ac4-9c71-ff844e1b77f1", name = "P4", value = 4, emoji = "🌦️", order = 3, default = true,
      description = "Low: something is wrong, customers do not notice", sla = days(5) },
    { id = "e57c2084-d7e0-4dea-9f6b-a4e8bc5a55d4", name = "P5", value = 5, emoji = "🐞", order = 4,
      description = "Cosmetic", sla = days(10) },
    { id = "701d498c-067f-43cd-b1ca-0977d983f27e", name = "GAMEDAY", value = 20, emoji = "🤡", order = 20,
      description = "An exercise, nothing is broken" },
  },

  -- Where. The lowest order is the main one when an incident names several.
  environments = {
    { id = "e5c46eb0-5620-4a30-81c6-4a647c189ff2", value = "PRD", name = "Production", order = 0, default = true,
      description = "What customers use" },
    { id = "41e06f3b-4b42-4617-af9a-fa91e9af13c9", value = "STG", name = "Staging", order = 1,
      description = "The rehearsal" },
    { id = "1b960430-995b-47e1-beab-23dbe3dbccbf", value = "INT", name = "Integration", order = 3,
      description = "Where changes meet first" },
  },

  -- What is broken. Incidents of a private category are seen by the people who are invited, and by nobody else.
  -- deploy_warning = false: a P1 there does not ask everyone to stop deploying.
  groups = {
    { name = "Customer journey", order = 1, categories = {
      { name = "Search and catalogue", order = 1 },
      { name = "Checkout", order = 2 },
      { name = "Payment", order = 3 },
      { name = "Accounts and sign-in", order = 4 },
    } },
    { name = "Operations", order = 2, categories = {
      { name = "Orders and delivery", order = 1 },
      { name = "Customer support", order = 2, deploy_warning = false },
    } },
    { name = "Platform", order = 3, categories = {
      { name = "Infrastructure", order = 1 },
      { name = "Network", order = 2 },
      { name = "Performance", order = 3 },
      { name = "Data", order = 4 },
    } },
    { name = "Security", order = 4, categories = {
      { name = "Attack", order = 1 },
      { name = "Data Breach", order = 2, private = true, deploy_warning = false },
    } },
    { name = "Other", order = 5, categories = {
      { name = "Other", order = 1 },
    } },
  },

  -- What "/incident open P2 what is broken" and `halligan incident open P2 what is broken` declare besides their title.
  defaults = { category = "Other", environment = "PRD" },

  -- Who does what. Required roles go to whoever declares, until somebody else takes them.
  roles = {
    { slug = "commander", name = "Commander", emoji = "🧑‍✈️",
      required = true, order = 1, aka = "Incident Lead",
      summary = "Leads, delegates, and decides; the one who knows where things stand" },
    { slug = "communication_lead", name = "Communication Lead", emoji = "🧑‍💼", order = 2, aka = "Public Relations Lead",
      summary = "Tells everyone else: responders, the company, customers" },
  },

  -- Who sees private incidents without being part of them: e-mail addresses, and user groups by handle or tag.
  administrators = {},

  -- Fields of your own, for all incidents or for those of some categories. Types: text, number, boolean, date, url, choice,
  -- choices. Without any, incidents take whatever programs put in custom_fields.
  custom_fields = {
    -- { key = "customer", name = "Customer", type = "text", categories = { "Payment" }, max = 80 },
    -- { key = "severity_for", name = "Felt in", type = "choices", choices = { { value = "eu", name = "Europe" } } },
  },

  -- How an incident goes on. The shipped way is built in (docs/operating.md, "Lifecycle"); what is named here replaces its
  -- part of it. A status leads to those of its list; a table in which an incident could never be closed is refused.
  lifecycle = {
    -- statuses = { investigating = "Triage" },    -- what people read; programs go on to read the shipped names
    -- transitions = { normal = { open = { "investigating", "mitigated", "closed" } } },
    -- closure_reasons = { { value = "duplicate", label = "Duplicate of another incident" } },
    -- postmortem = { environments = { "PRD" }, document = true },
    -- key_events_below = 4,                  -- priorities 1 to 3 need their required key events to be closed
  },

  -- Moments worth knowing afterwards, and the metrics between them.
  milestones = {
    { event_type = "started", name = "Started", order = 1, required = true, summary = "The first signs of trouble" },
    { event_type = "detected", name = "Detected", order = 2,
      required = true, summary = "A monitor or a person noticed" },
    { event_type = "declared", name = "Declared", order = 3,
      required = true, user_editable = false, summary = "The incident was opened" },
    { event_type = "recovered", name = "Recovered", order = 4,
      required = true, summary = "Nobody is affected any more" },
    { event_type = "resolved", name = "Resolved", order = 5, user_editable = false, asked_for = false,
      summary = "All is as it was" },
    { event_type = "mitigated", name = "Mitigated", order = 6, user_editable = false, asked_for = false,
      summary = "A fix or a rollback took effect" },
  },
  metrics = {
    { type = "time_to_detect", code = "TTD", name = "Time To Detect", order = 1,
      start = "started", ["end"] = "detected" },
    { type = "time_to_internal_response", code = "TTA", name = "Time To Acknowledge", order = 2, start = "started",
      ["end"] = "declared" },
    { type = "time_to_repair", code = "TTRep", name = "Time To Repair", order = 3,
      start = "declared", ["end"] = "mitigated" },
    { type = "time_to_fix", code = "TTF", name = "Time To Fix", order = 4,
      start = "declared", ["end"] = "recovered" },
    { type = "time_to_recovery", code = "TTRec", name = "Time To Recovery", order = 5,
      start = "started", ["end"] = "recovered" },
    { type = "time_to_respond", code = "TTResp", name = "Time To Respond", order = 6,
      start = "detected", ["end"] = "recovered" },
    { type = "time_to_resolve", code = "TTReso", name = "Time To Resolve", order = 7,
      start = "started", ["end"] = "resolved" },
  },

  -- Who feels it, and how much. The worst level chosen suggests the priority: HT 1, HI 2, MD 3, LO 4, LT 5.
  -- Each type needs NO.
  impacts = {
    { value = "business_impact", name = "Business Impact", emoji = "💰", order = 1,
      help = "Revenue, orders, payments", levels = {
        { value = "HT", name = "Severe loss", emoji = "⏫", order = 20,
          description = "More than 5 % of a day's business is lost" },
        { value = "HI", name = "Serious loss", emoji = "🔼", order = 15,
          description = "Less than 5 % of a day's business is lost" },
        { value = "MD", name = "Loss not yet known", emoji = "➡️", order = 10,
          description = "There may be a loss; nobody can tell yet" },
        { value = "NO", name = "None", emoji = "0️⃣", order = 0 },
      } },
    { value = "customers_impact", name = "Customers Impact", emoji = "👥", order = 2,
      help = "Search, sign-in, orders, payment", levels = {
        { value = "HT", name = "Critical for many", emoji = "⏫", order = 20,
          description = "Over 5 % of those who buy are stopped\nNo product is reachable\nOver 30 % of requests fail" },
        { value = "HI", name = "Major for many", emoji = "🔼", order = 15,
          description = "Under 5 % of those who buy are stopped\nUnder 30 % of requests fail" },
        { value = "MD", name = "Major for few", emoji = "➡️", order = 10,
          description = "Annoying for many, but they can go on buying" },
        { value = "LO", name = "Minor fault", emoji = "🔽", order = 5,
          description = "Something small does not work" },
        { value = "LT", name = "Cosmetic", emoji = "⏬", order = 1, description = "It looks wrong and works" },
        { value = "NO", name = "None", emoji = "0️⃣", order = 0 },
      } },
    { value = "sellers_impact", name = "Partners Impact", emoji = "📦", order = 3,
      help = "Sellers, suppliers and their tools", levels = {
        { value = "HT", name = "Critical for many", emoji = "⏫", order = 20,
          description = "Over 20 % of partners cannot use their tools or publish their offers" },
        { value = "HI", name = "Major for many", emoji = "🔼", order = 15,
          description = "Under 20 % of partners are stopped" },
        { value = "MD", name = "Major for few", emoji = "➡️", order = 10,
          description = "Orders and deliveries go on\nOr: wrong prices on a large part of the offer" },
        { value = "LO", name = "Minor fault", emoji = "🔽", order = 5,
          description = "Something small does not work" },
        { value = "LT", name = "Cosmetic", emoji = "⏬", order = 1, description = "It looks wrong and works" },
        { value = "NO", name = "None", emoji = "0️⃣", order = 0 },
      } },
    { value = "employees_impact", name = "Employees Impact", emoji = "🧑‍💼", order = 4,
      help = "Tools of our own people", levels = {
        { value = "MD", name = "Departments stopped", emoji = "➡️", order = 10,
          description = "Whole departments cannot work" },
        { value = "LO", name = "Some stopped", emoji = "🔽", order = 5,
          description = "Some people cannot work, or are hindered all the time" },
        { value = "LT", name = "Hindered", emoji = "⏬", order = 1, description = "Work is slower, and goes on" },
        { value = "NO", name = "None", emoji = "0️⃣", order = 0 },
      } },
  },

  -- Who is on call, besides whom a task of yours reads (docs/strategies.md):
  -- { service = "payments", level = 1, email = "ann@example.org" }.
  oncall = {
  },

  slack = {
    -- Without a token the engine starts without Slack and says so.
    token = secret("SLACK_BOT_TOKEN"),
    signing_secret = secret("SLACK_SIGNING_SECRET"),          -- of what Slack sends to our public address
    app_token = secret("SLACK_APP_TOKEN"),                    -- Socket Mode: no public address is needed
    api_url = env("SLACK_API_URL", "https://slack.com/api/"),
    command = env("SLACK_INCIDENT_COMMAND", "/incident"),
    aliases = { env("SLACK_INCIDENT_COMMAND_ALIASES") },      -- such as "/inc"
    commands = {                                              -- other words for its subcommands
      -- close = { name = "fermer", aliases = { "fin" }, about = "say that it is over" },
    },
    app_name = "Halligan",
    app_emoji = ":fire_extinguisher:",
    update_reaction = "mega",                                 -- marks messages for the timeline; "": none does
    help = {
      -- incident = "https://wiki.example.org/incidents",
      -- severity = "https://wiki.example.org/incident-impacts",
      -- postmortem = "https://wiki.example.org/how-to-write-a-postmortem",
    },
    -- What the channel of a P1 in production says about telling the company: a guide, and a user group that is mentioned.
    emergency = {
      -- guide = "https://wiki.example.org/emergency-communication", usergroup = "communication",
    },
    role_note_every = days(90),                               -- how seldom a role's holder is told what it asks; or false
    postmortem_reminder = days(5),                            -- after the mitigation, and again after as long; 0: never
    office_hours = { from = 9, to = 17, days = { 1, 2, 3, 4, 5 } },     -- in time_zone; 1 is Monday

    -- Who may do what; one entry of a list must fit. Without a list everybody may. Private incidents stay hidden from
    -- all who do not belong to them, whatever stands here. "everyone", "members", "role:commander",
    -- "usergroup:incident-leads", "ann@example.org"; actions: declare see update close edit roles sos page.
    permissions = {
      -- close = { "role:commander", "usergroup:incident-leads" },
    },

    -- Further choices of the form; an empty list takes the field away. Teams are asked for when there is no channel
    -- (P4, P5).
    platforms = {
      { value = "platform-All", name = "All platforms" },
      { value = "platform-Internal", name = "Internal only" },
    },
    teams = {
      -- { value = "checkout", name = "Checkout team" },
    },

    -- Who can be called for help ("/incident sos"), and in which of the conversations below.
    sos = {
      -- { name = "Database team", conversation = "C0123ABCD", usergroup = "dba-oncall" },
    },

    -- Conversations with a meaning (see strategies/tags/), and those whose members are invited to incidents of a
    -- category. Rows whose id is empty are left out.
    conversations = {
      { id = env("SLACK_TECH_INCIDENTS_CHANNEL"), tag = "tech_incidents" },
      { id = env("SLACK_IT_DEPLOY_CHANNEL"), tag = "it_deploy" },
      -- { id = "C0123ABCD", name = "payments", categories = { "Payment" } },
    },
    -- User groups whose members are invited: to incidents of these categories, or to every public P1 (the tag).
    usergroups = {
      -- { handle = "payments-oncall", categories = { "Payment", "Checkout" } },
      -- { handle = "incident-leads", tag = "invited_for_all_public_p1" },
    },
  },

  -- The REST API: names of fields that existing clients know. rate_limit = { per_minute = 600, burst = 100 } bounds each
  -- key (429 beyond it); refusals_per_minute (60) bounds what one address may be refused before it is told to wait.
  -- public_schema = true shows the API's description (api/v2/firefighter/schema) without a key; pages = false sends all
  -- incidents to who asks for no `limit`, as programs written for FireFighter expect.
  api = {
    compat = { channel_name = "slack_channel_name", ticket_key = "jira_ticket_key", ticket_url = "jira_ticket_url" },
  },

  -- Who else is told what happens: signed as Standard Webhooks (standardwebhooks.com) lays down, tried again for an hour,
  -- kept in a log (`halligan webhook deliveries`). No events: all. private = true tells of private incidents too.
  webhooks = {
    -- { name = "status-page", url = "https://status.example.com/hooks/halligan", secret = secret("STATUS_PAGE_SECRET"),
    --   events = { "incident.created", "incident.closed" } },
  },

  -- Turn a schedule off, or change it: { slack_sync_users = false, slack_sync_usergroups = { every = minutes(30) } }.
  schedules = {
  },
}
