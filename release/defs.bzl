"""Rules that make release packets and compare them with the ones on record."""

load("//release:providers.bzl", _OciLayoutInfo = "OciLayoutInfo")
load("//release/private:release_packet.bzl", _release_packet = "release_packet")
load(
    "//release/private:release_packet_test.bzl",
    _release_packet_test = "release_packet_test",
)

OciLayoutInfo = _OciLayoutInfo

release_packet = _release_packet
release_packet_test = _release_packet_test
