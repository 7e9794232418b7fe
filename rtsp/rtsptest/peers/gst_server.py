"""An RTSP server made of GStreamer's. Its one argument is a JSON object:

  port    TCP port on the address
  address as in 127.0.0.1
  mounts  object: path with leading slash -> pipeline in gst-launch syntax with pay0, pay1, ...
  shared  list of the paths whose viewers share one pipeline
  auth    "", "basic" or "digest"
  user, password
  pem     file with certificate and key: serve rtsps
"""

import json
import sys

PACKAGES = {
    "gi": "python3-gi",
    "GstRtspServer": "gir1.2-gst-rtsp-server-1.0",
    "x264enc": "gstreamer1.0-plugins-ugly",
    "x265enc": "gstreamer1.0-plugins-bad",
    "h264parse": "gstreamer1.0-plugins-bad",
    "h265parse": "gstreamer1.0-plugins-bad",
    "rtph264pay": "gstreamer1.0-plugins-good",
    "qtdemux": "gstreamer1.0-plugins-good",
    "alawenc": "gstreamer1.0-plugins-good",
    "videotestsrc": "gstreamer1.0-plugins-base",
    "avenc_aac": "gstreamer1.0-libav",
}


def missing(what):
    print("missing: " + PACKAGES.get(what, what), file=sys.stderr)
    sys.exit(3)


try:
    import gi
except ImportError:
    missing("gi")
try:
    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtsp", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer
except (ImportError, ValueError):
    missing("GstRtspServer")


def main():
    conf = json.loads(sys.argv[1])
    Gst.init(None)
    for pipeline in conf["mounts"].values():
        for word in pipeline.split():
            if word in PACKAGES and not Gst.ElementFactory.find(word):
                missing(word)

    server = GstRtspServer.RTSPServer()
    server.set_address(conf["address"])
    server.set_service(str(conf["port"]))

    if conf.get("auth") or conf.get("pem"):
        auth = GstRtspServer.RTSPAuth()
        if conf.get("pem"):
            auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(conf["pem"]))
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "viewer")
        if not conf.get("auth"):
            auth.set_default_token(token)
        elif conf["auth"] == "basic":
            auth.add_basic(auth.make_basic(conf["user"], conf["password"]), token)
        else:
            auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
            auth.add_digest(conf["user"], conf["password"], token)
        server.set_auth(auth)

    mounts = server.get_mount_points()
    for path, pipeline in conf["mounts"].items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch("( " + pipeline + " )")
        factory.set_shared(path in (conf.get("shared") or []))
        if server.get_auth():
            permissions = GstRtspServer.RTSPPermissions()
            permissions.add_permission_for_role("viewer", "media.factory.access", True)
            permissions.add_permission_for_role("viewer", "media.factory.construct", True)
            factory.set_permissions(permissions)
        mounts.add_factory(path, factory)

    if server.attach(None) == 0:
        print("cannot listen on port %d" % conf["port"], file=sys.stderr)
        sys.exit(4)
    GLib.MainLoop().run()


main()
