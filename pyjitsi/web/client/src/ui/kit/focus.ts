/** An attachment that puts the focus on a field when its page opens, but not where that would raise a keyboard. */
export function focusWithMouse(field: HTMLElement): void {
  if (matchMedia("(hover: hover) and (pointer: fine)").matches) field.focus();
}
