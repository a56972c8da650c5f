-- layout: the frame of every page, and the answer that carries it. Pages work without JavaScript: the one script only
-- rewrites times into the reader's zone.
local crypto = require "engine.crypto"
local html = require "engine.html"
local info = require "engine.info"
local style = require "web.style"

local h = html.element
local M = {}

local HEADERS = {
  ["Content-Security-Policy"] = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data: https:; "
    .. "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  ["Referrer-Policy"] = "same-origin",
  ["Cache-Control"] = "no-store",
}

-- The style sheet's address changes with what is in it: no browser shows new pages in an old dress.
local head = h("head", nil,
  h("meta", { charset = "utf-8" }),
  h("meta", { name = "viewport", content = "width=device-width, initial-scale=1" }),
  h("meta", { name = "color-scheme", content = "light dark" }),
  h("title", nil, html.hole "title", " | Halligan"),
  h("link", { rel = "icon", href = "/static/icon.svg", type = "image/svg+xml" }),
  h("link", { rel = "stylesheet", href = "/static/style.css?" .. crypto.sha256_hex(style):sub(1, 12) }),
  h("script", { src = "/static/times.js", defer = true }))

local body = h("body", nil,
  h("a", { class = "skip", href = "#content" }, "Skip to the content"),
  h("header", { class = "top" },
    h("a", { class = "brand", href = "/" },
      h("img", { src = "/static/icon.svg", alt = "", width = "28", height = "28" }), "Halligan"),
    h("nav", { ["aria-label"] = "Main" }, h("a", { href = "/" }, "Incidents in progress"))),
  h("main", { id = "content" }, html.hole "content"),
  h("footer", nil, "Halligan ", html.hole "version",
    " \u{b7} times are shown in your own zone where the browser allows it, else in UTC"))

local frame = html.template(h("html", { lang = "en" }, head, body))

--- A whole page as a route's response.
---@param title string
---@param content any  nodes of engine.html
---@param status integer?  200 when absent
function M.page(title, content, status)
  return { status = status or 200, headers = HEADERS, content_type = "text/html; charset=utf-8",
    body = html.document(frame { title = title, content = content, version = info.version }) }
end

--- The page for something that is not there, or that the reader may not see: both look the same on purpose.
function M.not_found(what)
  return M.page("Not found", h("section", { class = "empty" },
    h("h1", nil, "Not found"),
    h("p", nil, what .. " does not exist, or it is not yours to see."),
    h("p", nil, h("a", { href = "/" }, "Back to the incidents in progress"))), 404)
end

--- The page for a failure of ours. The cause is shown: it is the operator who reads it.
function M.failed(err)
  return M.page("Something failed", h("section", { class = "empty" },
    h("h1", nil, "This page could not be made"),
    h("p", nil, err.message),
    h("p", nil, "Nothing was changed. Reload the page; if it stays, look at /healthz and at the log.")), 500)
end

return M
