-- Who somebody proved to be, in every presence of theirs: <identity> with user and group of the log-in. What a client
-- says of its own identity mod_meet_untrusted has taken out before.

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

module:hook("pre-presence/full", function(event)
	local identity = event.stanza.attr.type == nil and identity_of(event.origin);
	if identity then
		event.stanza:add_direct_child(identity);
	end
end, 100);
