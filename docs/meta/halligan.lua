---@meta
-- Made from the sources by `make docs`; do not edit.

--- What a call that failed answers after nil.
---@class Error
---@field code string one of docs/errors.md
---@field message string for people; tostring(err) gives it
---@field retryable boolean trying again later may work
---@field status integer? a vendor's HTTP status
---@field field string? the argument that is wrong
---@field outcome "unknown"|"not_sent"|nil of http.request: whether the request may have arrived
---@field retry_after_ms integer? not before

--- Who carries out an operation; nil is the engine itself, which sees private incidents.
---@class Actor
---@field person string? a person's id
---@field source string? "chat", "web", "script"
---@field sees_private boolean?

--- A piece of finished HTML, made by html.element and html.raw.
---@class html.Node

--- What a route's handler is given.
---@class Request
---@field method string
---@field path string
---@field query table<string, string>
---@field headers table<string, string> names in lower case
---@field body string raw bytes
---@field params table<string, string> of the route's path
---@field peer string
---@field started_us integer

--- What a route's handler returns.
---@class Response
---@field status integer? 200
---@field headers table<string, string|string[]>?
---@field body string?
---@field content_type string?
---@field after function? runs in a task of its own once the answer was handed over
---@field websocket function? the request becomes a WebSocket connection; runs in a task of its own and is given it

--- A WebSocket connection, for the functions of engine.websocket.
---@class engine.Socket

--- What a service is given.
---@class Service
---@field name string
---@field status fun(ctx: Service, text: string) how it is, for /healthz

--- What a handler of an event, a job or a task is given.
---@class Context
---@field job_id integer
---@field attempt integer 1 for the first
---@field created_at_ms integer when the job was made
---@field incident_id integer?
---@field unknown boolean the attempt before may have had its effect: look before you repeat it
---@field progress table what note() kept
---@field note fun(ctx: Context, values: table): boolean?, Error? keeps values durably
