-- What somebody said in a room's chat is changed or taken back by that person alone; clients believe whoever asks.

local st = require "util.stanza";
local json = require "util.json";
local new_cache = require "util.cache".new;

local JITMEET = "http://jitsi.org/jitmeet";
local remembered = module:get_option_number("meet_remembered_messages", 2000);

-- The message that is to change: retraction (XEP-0424), correction (XEP-0308), and Jitsi's own.
local function target_of(stanza)
	local element = stanza:get_child("retract", "urn:xmpp:message-retract:1")
		or stanza:get_child("replace", "urn:xmpp:message-correct:0");
	if element then
		return element.attr.id or "";
	end
	local text = stanza:get_child_text("json-message", JITMEET);
	local ok, message = pcall(json.decode, text or "null");
	if ok and type(message) == "table" and message.type == "editChat" then
		return tostring(message.messageId or "");
	end
	return nil;
end

module:hook("muc-occupant-groupchat", function(event)
	local room, stanza, occupant = event.room, event.stanza, event.occupant;
	if not occupant then
		return nil;
	end
	room.meet_authors = room.meet_authors or new_cache(remembered);
	local target = target_of(stanza);
	if target and room.meet_authors:get(target) ~= occupant.bare_jid then
		event.origin.send(st.error_reply(stanza, "auth", "forbidden", "Only who wrote a message changes it"));
		return true;
	end
	local id = stanza.attr.id;
	-- Whose id it is first, it stays.
	if id and stanza:get_child("body") and not room.meet_authors:get(id) then
		room.meet_authors:set(id, occupant.bare_jid);
	end
end, 90);
