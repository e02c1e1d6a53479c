-- wrk's side of a run: sends the requests of a file, one after the other, each thread from another place on, and
-- prints what came of it as JSON. usage: wrk ... -s load.lua URL -- FILE TOKEN [CODING]
-- A line of FILE: METHOD <tab> PATH <tab> ETAG or nothing <tab> BODY or nothing.
local threads = 0

function setup(thread)
	thread:set("number", threads)
	threads = threads + 1
end

function init(args)
	requests = {}
	for line in io.lines(args[1]) do
		local method, path, etag, body = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$")
		local headers = { ["Host"] = "localhost", ["Authorization"] = "Bearer " .. args[2] }
		if args[3] and args[3] ~= "" then headers["Accept-Encoding"] = args[3] end
		if etag ~= "" then headers["If-None-Match"] = etag end
		if body ~= "" then headers["Content-Type"] = "application/json" end
		requests[#requests + 1] = wrk.format(method, path, headers, body ~= "" and body or nil)
	end
	at = math.floor(number * #requests / 7) % #requests
end

function request()
	at = at % #requests + 1
	return requests[at]
end

function done(summary, latency)
	local e = summary.errors
	io.write(string.format('\n{"requests": %d, "us": %d, "wrong": %d, "broken": %d, "timeouts": %d, "p50": %d, ' ..
	    '"p90": %d, "p99": %d, "max": %d}\n', summary.requests, summary.duration, e.status,
	    e.connect + e.read + e.write, e.timeout, latency:percentile(50), latency:percentile(90),
	    latency:percentile(99), latency.max))
end
