-- The sandbox of a script: Lua 5.4 without what engine/lua takes away; `require` gives the engine's modules.
std = "none"
read_globals = {
  "assert", "error", "getmetatable", "ipairs", "next", "pairs", "pcall", "rawequal", "rawget", "rawlen",
  "require", "select", "setmetatable", "tonumber", "tostring", "type", "xpcall", "_VERSION",
  math = { other_fields = true },
  string = { other_fields = true },
  table = { other_fields = true },
  utf8 = { other_fields = true },
}
max_line_length = 120
unused_args = false -- handlers take (ctx, args) whether they need both or not
files["config.lua"] = {
  read_globals = { "env", "secret", "seconds", "minutes", "hours", "days", "kib", "mib" },
}
files["tests/lua/config.lua"] = files["config.lua"]
