-- Tenants: an address https://host/acme/Room names the room room@conference.acme.D, which within the server is
-- [acme]room@conference.D (as Jitsi's muc_domain_mapper has it). Clients are told of the one, everybody else of the
-- other: addresses of stanzas, of what is in them, and in the JSON of services are rewritten at the client's stream.

local st = require "util.stanza";
local filters = require "util.filters";

local conference = module:get_option_string("meet_conference");
local prefix, base = conference:match("^([^.]+)%.(.+)$");

local function escaped(text)
	return (text:gsub("%W", "%%%0"));
end
local TENANT = "^([%w_-]+)$";
-- Somebody else's text may hold an address too; then it is rewritten, and comes back as it was.
local outside = "([^%s@/\"'<>%[%]]+)@" .. escaped(prefix) .. "%.([%w_-]+)%." .. escaped(base);
local inside = "%[([%w_-]+)%]([^%s@/\"'<>%[%]]+)@" .. escaped(conference);

local function inner(text)
	return (text:gsub(outside, function(room, tenant)
		return "[" .. tenant:lower() .. "]" .. room .. "@" .. conference;
	end));
end

local function outer(text, own)
	return (text:gsub(inside, function(tenant, room)
		return tenant == own and room .. "@" .. prefix .. "." .. tenant .. "." .. base or nil;
	end));
end

-- The tenant of an address on a tenant's host; nil for any other.
local function tenant_of(jid)
	local found = jid and jid:lower():match("@" .. escaped(prefix) .. "%.([^./]+)%." .. escaped(base));
	return found and found:match(TENANT);
end

local DEPTH = 8;

local function rewrite(stanza, change, depth)
	for name, value in pairs(stanza.attr) do
		if value:find("@", 1, true) then
			stanza.attr[name] = change(value);
		end
	end
	if stanza.name == "json-message" and type(stanza[1]) == "string" then
		stanza[1] = change(stanza[1]);
	end
	if depth > 0 then
		for _, child in ipairs(stanza.tags) do
			rewrite(child, change, depth - 1);
		end
	end
	return stanza;
end

-- A stanza may be others' too, so a copy is changed.
local function incoming(stanza, session)
	if session.host ~= module.host or not stanza.attr then
		return stanza;
	end
	local asked = stanza.name == "iq" and stanza:get_child("conference", "http://jitsi.org/protocol/focus");
	local tenant = tenant_of(stanza.attr.to) or asked and tenant_of(asked.attr.room);
	if tenant then
		session.meet_tenant = tenant;
	end
	if not session.meet_tenant then
		return stanza;
	end
	return rewrite(st.clone(stanza), inner, DEPTH);
end

local function outgoing(stanza, session)
	local tenant = session.meet_tenant;
	if not tenant or session.host ~= module.host or not stanza.attr then
		return stanza;
	end
	return rewrite(st.clone(stanza), function(text) return outer(text, tenant); end, DEPTH);
end

local function watch(session)
	if session.type == "c2s" or session.type == "c2s_unauthed" then
		filters.add_filter(session, "stanzas/in", incoming, 1);
		filters.add_filter(session, "stanzas/out", outgoing, 1);
	end
end

filters.add_filter_hook(watch);

function module.unload() -- luacheck: ignore 122
	filters.remove_filter_hook(watch);
end
