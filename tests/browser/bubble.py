"""The card that a number or a word of the glossary opens: what holds of it wherever it stands."""

CARD = ".number-card"


def open_page(page, name, width=1280):
    """Show a page of the site in light colours and without animations."""
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.goto(f"/{name}.html")


def assert_stays_while_on_it_and_goes_when_left(page):
    """What hover opened can be moved onto, and closes when the pointer leaves it."""
    card = page.locator(CARD)
    card.hover()
    page.wait_for_timeout(400)
    assert card.is_visible()
    page.mouse.move(2, 2)
    card.wait_for(state="detached")
