-- static: the style sheet, the script for times and the icon. Small enough to live beside the pages.
local style = require "web.style"

local CACHE = { ["Cache-Control"] = "max-age=300" }

-- Shows each <time> in the reader's zone; without it the pages show UTC.
local TIMES = [[
"use strict";
const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
for (const element of document.querySelectorAll("time[datetime]")) {
  const moment = new Date(element.dateTime);
  element.title = element.textContent;
  element.textContent = format.format(moment);
}
]]

-- A forcible-entry bar, the tool that the product is named after.
local ICON = [[<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">]]
  .. [[<rect width="32" height="32" rx="7" fill="#c2410c"/>]]
  .. [[<path d="M9 25 L21 10 M18.5 7.5 L24 12.5 M21 5.5 L20.4 9.2 M26 10.5 L22.4 11.2 M7 23.3 L10.6 26.6" ]]
  .. [[fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round"/></svg>]]

local function asset(path, content_type, body, about)
  return { method = "GET", path = "/static/" .. path, access = "loopback", about = about,
    handler = function() return { headers = CACHE, content_type = content_type, body = body } end }
end

return {
  about = "Style, script and icon of the pages",
  routes = {
    asset("style.css", "text/css; charset=utf-8", style, "Style sheet"),
    asset("times.js", "text/javascript; charset=utf-8", TIMES, "Times in the reader's zone"),
    asset("icon.svg", "image/svg+xml", ICON, "Icon"),
  },
}
