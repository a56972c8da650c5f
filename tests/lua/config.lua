-- config: what Lua tests run with. Every address outside is the test's own stub.
return {
  base_url = "https://halligan.example.test",
  priorities = {
    { name = "P1", value = 1, emoji = "🌪️", order = 0, sla = hours(2) },
    { name = "P3", value = 3, order = 1, sla = days(1) },
    { name = "P4", value = 4, order = 2, default = true },
  },
  environments = { { value = "PRD", name = "Production", default = true } },
  groups = { { name = "Shop", categories = { { name = "Payment" }, { name = "Search" } } } },
  roles = {
    { slug = "commander", name = "Incident Commander", emoji = "🧑‍🚒", required = true },
  },
  impacts = {
    {
      value = "customers", name = "Customers", order = 0,
      levels = {
        { value = "HI", name = "High", order = 0 }, { value = "LO", name = "Low", order = 1 },
        { value = "NO", name = "None", order = 2 },
      },
    },
  },
  slack = {
    token = "xoxb-test", signing_secret = "a secret of tests",
    api_url = env("TEST_URL", "http://127.0.0.1:9") .. "/stub/",
    conversations = { { id = "C0ALL", tag = "tech_incidents" }, { id = "C0DEPLOY", tag = "it_deploy" },
      { id = "C0TEAM", tag = "raid_alert__incidents_normal" },
      { id = "C0TEAM2", tag = "raid_alert__incidents_normal_too" } },
    emergency = { guide = "https://wiki.example.test/emergency" },
    office_hours = { days = {} },
    sos = { { name = "Leads", conversation = "C0ALL" } },
    usergroups = { { handle = "payments-oncall", categories = { "Payment" } } },
  },
}
