-- methods: the Web API methods we call and how often the vendor lets us (calls a minute, a
-- workspace and an app).
local TIER_2, TIER_3, TIER_4, SPECIAL = 20, 50, 100, 600

---@type table<string, { per_minute: integer, per?: string }>  per: the argument that has a bucket of its own
return {
  ["apps.connections.open"] = { per_minute = 10 },      -- tier 1, where bursts are tolerated
  ["auth.test"] = { per_minute = SPECIAL },
  ["bookmarks.add"] = { per_minute = TIER_2 },
  ["bookmarks.edit"] = { per_minute = TIER_2 },
  ["bookmarks.list"] = { per_minute = TIER_3 },
  ["chat.delete"] = { per_minute = TIER_3 },
  ["chat.postEphemeral"] = { per_minute = TIER_4 },
  ["chat.postMessage"] = { per_minute = 60, per = "channel" },
  ["chat.update"] = { per_minute = TIER_3 },
  ["conversations.archive"] = { per_minute = TIER_2 },
  ["conversations.create"] = { per_minute = TIER_2 },
  ["conversations.history"] = { per_minute = TIER_3 },
  ["conversations.info"] = { per_minute = TIER_3 },
  ["conversations.invite"] = { per_minute = TIER_3 },
  ["conversations.join"] = { per_minute = TIER_3 },
  ["conversations.list"] = { per_minute = TIER_2 },
  ["conversations.members"] = { per_minute = TIER_4 },
  ["conversations.rename"] = { per_minute = TIER_2 },
  ["conversations.replies"] = { per_minute = TIER_3 },
  ["conversations.setTopic"] = { per_minute = TIER_2 },
  ["conversations.unarchive"] = { per_minute = TIER_2 },
  ["pins.add"] = { per_minute = TIER_2 },
  ["usergroups.list"] = { per_minute = TIER_2 },
  ["users.info"] = { per_minute = TIER_4 },
  ["users.lookupByEmail"] = { per_minute = TIER_3 },
  ["users.list"] = { per_minute = TIER_2 },
  ["views.open"] = { per_minute = TIER_4 },
  ["views.publish"] = { per_minute = TIER_4 },
  ["views.push"] = { per_minute = TIER_4 },
  ["views.update"] = { per_minute = TIER_4 },
}
