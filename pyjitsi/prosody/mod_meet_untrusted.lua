-- On hosts where clients log in. What they say of themselves is shown to others only as far as it is theirs to say:
-- elements that the server or a service writes are taken out where a client forges them, and nobody's chat or presence
-- is longer than people read.

local st = require "util.stanza";

local JITMEET = "http://jitsi.org/jitmeet";
local NICK = "http://jabber.org/protocol/nick";
local MUC_USER = "http://jabber.org/protocol/muc#user";

local longest_name = module:get_option_number("meet_name_bytes", 400);
local longest_chat = module:get_option_number("meet_chat_bytes", 20000);
-- The largest honest one names twenty sources.
local longest_presence = module:get_option_number("meet_presence_bytes", 32000);

-- By name, with the namespaces in which the server writes them; "" is that of the stream.
local servers_own = {
	["identity"] = { [""] = true };
	["permissions"] = { [JITMEET] = true };
	["call-control"] = { [""] = true, [JITMEET] = true };
	["conference-properties"] = { ["http://jitsi.org/protocol/focus"] = true };
	["bridgeNotAvailable"] = { ["http://jitsi.org/protocol/focus"] = true };
	["jibri-recording-status"] = { ["http://jitsi.org/protocol/jibri"] = true };
	["x"] = { [MUC_USER] = true };
	["delay"] = { ["urn:xmpp:delay"] = true };
};

local function take_out(stanza)
	stanza:maptags(function(tag)
		local places = servers_own[tag.name];
		local namespace = tag.attr.xmlns or "";
		if places and (places[namespace] or (namespace == "jabber:client" and places[""])) then
			return nil;
		end
		return tag;
	end);
end

local function refuse(event, text)
	event.origin.send(st.error_reply(event.stanza, "modify", "policy-violation", text));
	return true;
end

-- Before the server adds its own (mod_meet_identity).
module:hook("pre-presence/full", function(event)
	local stanza = event.stanza;
	if stanza.attr.type == "error" then
		return nil;
	end
	take_out(stanza);
	if #tostring(stanza) > longest_presence then
		return refuse(event, "Too long a presence");
	elseif #(stanza:get_child_text("nick", NICK) or "") > longest_name then
		return refuse(event, "Too long a name");
	end
end, 200);

local function message(event)
	local stanza = event.stanza;
	if stanza.attr.type == "error" then
		return nil;
	end
	if stanza.attr.type == "groupchat" or stanza.attr.type == "chat" then
		take_out(stanza);
	end
	if #tostring(stanza) > longest_chat then
		return refuse(event, "Too long a message");
	end
end
module:hook("pre-message/full", message, 200);
module:hook("pre-message/bare", message, 200);
