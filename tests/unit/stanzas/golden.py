"""Stanzas as they go over the wire, with invented values; the fuzz tests mutate them."""

JID = "focus@focus.meet.example/focus"
DIGEST = ":".join(["0F", "A1"] * 16)

TRANSPORT = f"""
<transport xmlns="urn:xmpp:jingle:transports:ice-udp:1" ufrag="1ab2c" pwd="0q1w2e3r4t5y6u7i8o9p0a" ice-generation="2">
  <rtcp-mux/>
  <fingerprint xmlns="urn:xmpp:jingle:apps:dtls:0" hash="sha-256" setup="actpass"
    required="false">{DIGEST}</fingerprint>
  <candidate component="1" foundation="7" generation="0" id="k1" network="0" priority="2130706431" protocol="udp"
    type="srflx" ip="198.51.100.9" port="10000" rel-addr="10.0.0.9" rel-port="9"/>
  <candidate component="1" foundation="8" generation="0" id="k2" network="0" priority="1" protocol="tcp"
    type="host" ip="2001:db8::9" port="4443" tcptype="passive"/>
  <web-socket xmlns="http://jitsi.org/protocol/colibri" url="wss://meet.example/colibri-ws/one/1/ada?pwd=z"/>
</transport>
"""

DESCRIPTION = """
<description xmlns="urn:xmpp:jingle:apps:rtp:1" media="video">
  <payload-type id="100" name="VP8" clockrate="90000">
    <rtcp-fb xmlns="urn:xmpp:jingle:apps:rtp:rtcp-fb:0" type="nack" subtype="pli"/>
    <rtcp-fb xmlns="urn:xmpp:jingle:apps:rtp:rtcp-fb:0" type="transport-cc"/>
  </payload-type>
  <payload-type id="112" name="red" clockrate="48000" channels="2"><parameter value="111/111"/></payload-type>
  <payload-type id="96" name="rtx" clockrate="90000"><parameter name="apt" value="100"/></payload-type>
  <rtp-hdrext xmlns="urn:xmpp:jingle:apps:rtp:rtp-hdrext:0" id="10" uri="urn:ietf:params:rtp-hdrext:sdes:mid"/>
  <extmap-allow-mixed xmlns="urn:xmpp:jingle:apps:rtp:rtp-hdrext:0"/>
</description>
"""

SOURCES = """
<description xmlns="urn:xmpp:jingle:apps:rtp:1" media="video">
  <source xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" ssrc="11" name="ada-v0" videoType="camera">
    <parameter name="msid" value="ada-video t-1"/>
    <ssrc-info xmlns="http://jitsi.org/jitmeet" owner="ada"/>
  </source>
  <source xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" ssrc="4294967295"/>
  <ssrc-group xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" semantics="FID"><source ssrc="11"/><source ssrc="4294967295"/></ssrc-group>
</description>
"""  # noqa: E501

INITIATE = f"""
<jingle xmlns="urn:xmpp:jingle:1" action="session-initiate" sid="5e55" initiator="{JID}">
  <content creator="initiator" name="audio" senders="both">
    <description xmlns="urn:xmpp:jingle:apps:rtp:1" media="audio" maxptime="60">
      <payload-type id="111" name="opus" clockrate="48000" channels="2"><parameter name="minptime" value="10"/></payload-type>
      <source xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" ssrc="22" name="ada-a0"/>
      <rtcp-mux/>
    </description>
    <transport xmlns="urn:xmpp:jingle:transports:ice-udp:1" ufrag="u" pwd="p"/>
  </content>
  <content creator="initiator" name="data" senders="both">
    <description xmlns="urn:xmpp:jingle:apps:rtp:1" media="application"><rtcp-mux/></description>
    <transport xmlns="urn:xmpp:jingle:transports:ice-udp:1" ufrag="u" pwd="p">
      <sctpmap xmlns="urn:xmpp:jingle:transports:dtls-sctp:1" number="5000" protocol="webrtc-datachannel" streams="1024"/>
    </transport>
  </content>
  <group xmlns="urn:xmpp:jingle:apps:grouping:0" semantics="BUNDLE"><content name="audio"/><content name="data"/></group>
  <bridge-session xmlns="http://jitsi.org/protocol/focus" id="b-1" region="here"/>
  <startmuted xmlns="http://jitsi.org/jitmeet/start-muted" audio="true" video="false"/>
  <json-message xmlns="http://jitsi.org/jitmeet">{{"sources":{{}}}}</json-message>
</jingle>
"""  # noqa: E501

TERMINATE = """
<jingle xmlns="urn:xmpp:jingle:1" action="session-terminate" sid="5e55">
  <reason><connectivity-error/><text>ICE FAILED</text></reason>
  <bridge-session xmlns="http://jitsi.org/protocol/focus" id="b-1" restart="true" ice-restart="true"/>
</jingle>
"""

JSON_SOURCES = (
    '{"sources":{"ada":[[{"s":11,"n":"ada-v0","m":"v t"},{"s":12,"n":"ada-v1","m":"d t","v":"d"}],'
    '[["f",11,12],["s",11,12]],[{"s":22,"n":"ada-a0"}],[["f",22,23]]],"bob":[[],[],[]]}}'
)

CONFERENCE = """
<conference xmlns="http://jitsi.org/protocol/focus" room="Tea@Conference.meet.example" machine-uid="m1" session-id="s1">
  <property name="startAudioMuted" value="9"/><property name="empty"/><property value="nameless"/>
</conference>
"""

PRESENCE = """
<presence xmlns="jabber:client" from="tea@conference.meet.example/ada">
  <x xmlns="http://jabber.org/protocol/muc#user">
    <item jid="ada@meet.example/tab" role="moderator" affiliation="owner"/><status code="110"/><status code="100"/>
  </x>
  <c xmlns="http://jabber.org/protocol/caps" hash="sha-1" node="https://app.example" ver="v1="/>
  <stats-id>Ada-x</stats-id>
  <jitsi_participant_region>here</jitsi_participant_region>
  <SourceInfo>{"ada-v0":{"muted":false},"ada-v1":{"muted":true,"videoType":"desktop"}}</SourceInfo>
</presence>
"""

DISCO = """
<query xmlns="http://jabber.org/protocol/disco#info" node="app#v1">
  <feature var="http://jitsi.org/tcc"/><feature/><feature var="urn:ietf:rfc:4588"/>
</query>
"""

STATS = """
<presence xmlns="jabber:client">
  <stats xmlns="http://jitsi.org/protocol/colibri"><stat name="drain" value="false"/><stat value="1"/><stat name="version"/></stats>
</presence>
"""  # noqa: E501

MODIFY = f"""
<conference-modify xmlns="jitsi:colibri2" meeting-id="7d1f" name="tea@conference.meet.example" create="true">
  <endpoint id="ada" create="true" stats-id="Ada-x">
    <capability name="source-names"/>
    <media type="video"><payload-type xmlns="urn:xmpp:jingle:apps:rtp:1" id="100" name="VP8" clockrate="90000"/></media>
    <transport ice-controlling="true" ice-restart="false">{TRANSPORT}<sctp port="5000" role="server"/></transport>
    <sources>
      <media-source type="video" id="ada-v0"><source xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" ssrc="11"/></media-source>
    </sources>
    <force-mute audio="true" video="false"/>
    <initial-last-n value="-1"/>
  </endpoint>
  <relay id="two"/><connects/>
</conference-modify>
"""

CONNECTS = """<connects xmlns="jitsi:colibri2">
 <connect id="translator-a1b2c3d4-a0-1" url="wss://scribe.example/record?m=1" protocol="mediajson" type="translator" create="true" audio="true">
  <http-header name="Authorization" value="Bearer x"/>
  <ping interval="10000" timeout="5000"/>
  <exports><export name="a1b2c3d4-a0"/></exports>
  <requests><request name="a1b2c3d4-a0.fr"/></requests>
 </connect>
 <connect id="transcriber" url="ws://scribe.example/" protocol="mediajson" type="transcriber" expire="true"/>
</connects>"""  # noqa: E501
