-- Who somebody proved to be, in every presence of theirs: <identity> with user and group of the log-in. What a client
-- says of its own identity is taken out, in every mode.

local st = require "util.stanza";

local function identity_of(session)
	local found = session.meet_identity;
	if not found then
		return nil;
	end
	local identity = st.stanza("identity"):tag("user");
	for name, value in pairs(found.user or {}) do
		identity:text_tag(name, tostring(value));
	end
	identity:up();
	if found.group then
		identity:text_tag("group", found.group);
	end
	return identity;
end

local function put(event)
	local session, stanza = event.origin, event.stanza;
	stanza:maptags(function(tag)
		if tag.name ~= "identity" then
			return tag;
		end
	end);
	local identity = identity_of(session);
	if identity and stanza.attr.type == nil then
		stanza:add_child(identity);
	end
end

for _, place in ipairs { "full", "bare", "host" } do
	module:hook("pre-presence/" .. place, put, 100);
end
