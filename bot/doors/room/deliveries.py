"""Show deliveries, and why nothing happened."""

from __future__ import annotations

from bot.doors.api.deliveries import DeliveryQuery, list_deliveries, read_delivery, redeliver
from bot.doors.room.page import Answer, Moved, Pages, Shown
from bot.doors.room.rendering import PREFIX
from bot.doors.room.visit import Visit

pages = Pages("deliveries")
_GUID = "{guid:[0-9A-Za-z-]{1,100}}"


@pages.add("GET", "/deliveries", access="administrator", title="Deliveries", place="server")
async def show_deliveries(visit: Visit) -> Answer:
    """Show a page of deliveries, newest first."""
    query = visit.read_query(DeliveryQuery)
    found = await visit.ask(list_deliveries, query=query)
    filters = query.model_dump(exclude_none=True, exclude={"cursor"}, exclude_defaults=True)
    return Shown("deliveries.html", found=found, query=query, filters=filters)


@pages.add("GET", f"/deliveries/{_GUID}", access="administrator", title="Delivery")
async def show_delivery(visit: Visit) -> Answer:
    """Show one delivery, what was decided, and why nothing happened."""
    return Shown("delivery.html", one=await visit.ask(read_delivery, guid=visit.part("guid")))


@pages.add("POST", f"/deliveries/{_GUID}/redeliver", access="administrator", title="Handle again")
async def repeat_delivery(visit: Visit) -> Answer:
    """Have a delivery handled again."""
    guid = visit.part("guid")
    done = await visit.ask(redeliver, guid=guid)
    told = "It is being handled again." if done.way == "stored" else "GitHub was asked to send it again."
    return Moved(f"{PREFIX}/deliveries/{guid}", told)
