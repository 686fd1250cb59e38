"""Which codecs are offered, and under which numbers; Jicofo's names and defaults (``jicofo.codec``)."""

from collections import Counter
from typing import Annotated, Self

from pydantic import Field, model_validator

from pyjitsi.settings import Section

# RFC 5761 section 4 keeps 64 to 95 free for RTCP; those below 35 are assigned or were (RFC 3551 section 6).
PayloadNumber = Annotated[int, Field(ge=35, le=127)]


class VideoCodec(Section):
    """A codec of pictures."""

    enabled: bool = Field(default=True, description="Offer it; clients choose among what is offered.")
    pt: PayloadNumber = Field(description="Its payload type.")
    rtx_pt: PayloadNumber = Field(description="The payload type of its retransmissions.")
    enable_remb: bool = Field(default=True, description="Offer REMB to clients that know no transport-wide feedback.")


class Av1(VideoCodec):
    """Jicofo's numbers, as in the others."""

    pt: PayloadNumber = Field(default=41, description="Its payload type.")
    rtx_pt: PayloadNumber = Field(default=42, description="The payload type of its retransmissions.")


class Vp8(VideoCodec):
    """Every browser has it."""

    pt: PayloadNumber = Field(default=100, description="Its payload type.")
    rtx_pt: PayloadNumber = Field(default=96, description="The payload type of its retransmissions.")


class H264(VideoCodec):
    """Constrained baseline."""

    pt: PayloadNumber = Field(default=107, description="Its payload type.")
    rtx_pt: PayloadNumber = Field(default=99, description="The payload type of its retransmissions.")


class Vp9(VideoCodec):
    """Layers in one stream."""

    pt: PayloadNumber = Field(default=101, description="Its payload type.")
    rtx_pt: PayloadNumber = Field(default=97, description="The payload type of its retransmissions.")


class Red(Section):
    """Opus with redundancy (RFC 2198)."""

    enabled: bool = Field(default=False, description="Off, as Jicofo: it doubles what sound takes, and mends loss.")
    pt: PayloadNumber = Field(default=112, description="Its payload type.")


class Opus(Section):
    """The codec of sound; it is always offered."""

    pt: PayloadNumber = Field(default=111, description="Its payload type.")
    red: Red = Field(default=Red(), description="Redundancy.")


class Codecs(Section):
    """All of them. Payload types are the same for everybody: bridges never rewrite them."""

    av1: Av1 = Field(default=Av1(), description="AV1.")
    vp8: Vp8 = Field(default=Vp8(), description="VP8.")
    h264: H264 = Field(default=H264(), description="H.264, constrained baseline.")
    vp9: Vp9 = Field(default=Vp9(), description="VP9.")
    opus: Opus = Field(default=Opus(), description="Opus.")
    telephone_event_pt: PayloadNumber = Field(default=126, description="The payload type of key tones.")

    @property
    def video(self) -> tuple[tuple[str, VideoCodec], ...]:
        """Those of pictures that are offered, in Jicofo's order, by their names in SDP."""
        every = (("AV1", self.av1), ("VP8", self.vp8), ("H264", self.h264), ("VP9", self.vp9))
        return tuple((name, codec) for name, codec in every if codec.enabled)

    @model_validator(mode="after")
    def _one_number_each(self) -> Self:
        numbers = Counter([self.opus.pt, self.telephone_event_pt])
        numbers.update([self.opus.red.pt] if self.opus.red.enabled else [])
        for _, codec in self.video:
            numbers.update((codec.pt, codec.rtx_pt))
        twice = [number for number, count in numbers.items() if count > 1]
        if twice:
            raise ValueError(f"payload type {twice[0]} is used twice; each codec, and its RTX, needs its own")
        reserved = [number for number in numbers if 64 <= number <= 95]
        if reserved:
            raise ValueError(f"payload type {reserved[0]} can't be told from RTCP; use 35 to 63 or 96 to 127")
        if not self.video:
            raise ValueError("no video codec is enabled; enable one of av1, vp8, h264 and vp9")
        return self
