// Words and lists beside a cell float above everything, so that the table's own scrolling cannot cut them off.
"use strict";

(() => {
  const GAP = 4;
  const floating = new Map();

  // Below the anchor where there is room, else above it; never beyond the window's edges.
  const place = (element, anchor) => {
    const at = anchor.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = element;
    const left = element.matches(".figure-cell *") ? at.right - width : at.left;
    const below = at.bottom + GAP;
    const top = below + height > window.innerHeight && at.top > height + GAP ? at.top - height - GAP : below;
    element.style.left = `${Math.max(GAP, Math.min(left, document.documentElement.clientWidth - width - GAP))}px`;
    element.style.top = `${top}px`;
  };

  const float = (element, anchor) => {
    if (!element.showPopover) return; // an older browser: it stands in its cell
    element.popover = "manual";
    element.showPopover();
    floating.set(element, anchor);
    place(element, anchor);
  };

  const follow = () => {
    floating.forEach((anchor, element) => {
      if (element.isConnected && anchor.isConnected) place(element, anchor);
      else floating.delete(element);
    });
  };

  const sink = (element) => {
    floating.delete(element);
    if (element.popover && element.matches(":popover-open")) element.hidePopover();
  };

  window.addEventListener("scroll", follow, { capture: true, passive: true });
  window.addEventListener("resize", follow);

  Object.assign(sheet, { float, sink, follow });
})();
