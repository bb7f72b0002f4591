"""Some 170 notification services, by Apprise.

Rules:
- Apprise answers in words of its own: anything but SUCCESS is NotSent, "no service matched" above all.
- It loses what it could not send and blocks while it sends: hence the outbox and the sender's threads.
- A server may be slow: its answer is waited for 30 s instead of Apprise's 4, since a message that was taken
  but not acknowledged in time would be told twice.
- To a web hook (`json:`, `xml:`, `form:`) the message's key goes along as the header `Idempotency-Key`: a message
  that a crash repeats can be recognised.
- Imported when the first message goes out (75 ms).
"""

from typing import Any

from overnight.core.mask import harmless
from overnight.notify.channels.base import Message, NotSent

_ANSWER_S = 30.0
_TYPES = {"failure": "failure", "question": "warning", "success": "success", "discovery": "info"}


class AppriseChannel:
    """One Apprise URL."""

    def __init__(self, url: str) -> None:
        self._url = url

    def check(self) -> None:
        """Whether Apprise understands the URL. Raises NotSent, for good."""
        self._service()

    def send(self, message: Message) -> None:
        """Send the message. Raises NotSent."""
        from apprise import Apprise

        said: list[str] = []

        def note(entry: Any, _service: Any = None) -> None:
            said.append(str(entry.message))

        carrier, service = Apprise(), self._service()
        headers = getattr(service, "headers", None)
        if isinstance(headers, dict):  # those services whose requests are the user's to shape
            headers["Idempotency-Key"] = message.key
        carrier.add(service)
        result = carrier.notify(
            title=message.title,
            body=message.body,
            notify_type=_TYPES[message.kind],
            body_format="text",
            interpret_escapes=False,
            log_callback=note,
        )
        if not result:
            reason = harmless(said[-1], 200) if said else "no answer"
            raise NotSent(f"the service did not take it: {reason}")

    def _service(self) -> Any:
        from apprise import Apprise

        service = Apprise.instantiate(self._url, suppress_exceptions=True)
        if not service:
            scheme = harmless(self._url.partition(":")[0], 30)
            raise NotSent(f"Apprise does not understand this {scheme!r} address", for_good=True)
        service.socket_read_timeout = max(service.socket_read_timeout, _ANSWER_S)
        return service
