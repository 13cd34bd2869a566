"""Requests to the node itself: REGISTER, OPTIONS, what features serve (RFC 3261 section 8.2)."""

from ..errors import SipError
from ..sip.message import response_to
from ..tu import dialplan, options, registrar
from .feature import first


class Uas:
    """The node as a user agent server and registrar."""

    def __init__(self, node, admission, registrations):
        self.node = node
        self.admission, self.passwords = admission, admission.passwords
        self.registrations = registrations

    def serve(self, request, server, flow, now):
        """Answer a request to the node; return the effects, or refuse it."""
        options.check_require(request)
        if request.method == b"REGISTER":
            return self._register(request, server, flow, now)
        effects = first(self.node.hooks.serve, request, server, flow, now)
        if effects is not None:
            return effects
        self.admission.limit(request, flow, now)
        lines = options.answer_lines(request)
        response = response_to(request, 200, None, lines, self.node.tag())
        return self.node.layer.respond(server, response, now)

    def _register(self, request, server, flow, now):
        node, settings = self.node, self.node.settings
        user = self.passwords.user_of(request, b"authorization", flow, now)
        record = request.to.uri
        section = dialplan.callee(settings, record) if node.is_ours(record) else None
        if section is None or section is not user:
            problem = "%s may not register %s" % (user.name, dialplan.spoken(record))
            raise SipError(403 if section is not None else 404, problem)
        seconds = (settings.min_expires, settings.max_expires, settings.default_expires)
        added, removed = registrar.register(request, flow, user.name, node.location, seconds, now)
        lines = registrar.answer_lines(request, user.name, settings.domain, node.location, now)
        response = response_to(request, 200, None, lines, node.tag())
        answer = node.layer.respond(server, response, now)
        return self.registrations.changed(added, removed, now, answer)
