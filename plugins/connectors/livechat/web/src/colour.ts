// Readable colours from a brand's one. Contrast as WCAG 2 counts it; 4.5 is what small text needs.

type Rgb = [number, number, number]

const WHITE: Rgb = [255, 255, 255]
const INK: Rgb = [17, 20, 28]
const LIGHT_SURFACE: Rgb = WHITE
const DARK_SURFACE: Rgb = [28, 30, 38]

export interface Palette {
  brand: string
  /** Text on the brand's colour. */
  onBrand: string
  /** The brand's colour as text, on a light and on a dark surface. */
  inkLight: string
  inkDark: string
}

export function palette(hex: string): Palette {
  const brand = parse(hex)
  const onBrand = contrast(brand, WHITE) >= 4.5 || contrast(brand, WHITE) >= contrast(brand, INK) ? WHITE : INK
  // A middling colour may do for neither: the brand's is darkened a little then.
  const filled = until(brand, onBrand === WHITE ? [0, 0, 0] : WHITE, onBrand)
  // Buttons under the pointer have a breath of the brand's colour behind their text.
  const under = (surface: Rgb) => mix(surface, filled, 0.1)
  return {
    brand: css(filled),
    onBrand: css(onBrand),
    inkLight: css(until(brand, [0, 0, 0], LIGHT_SURFACE, under(LIGHT_SURFACE))),
    inkDark: css(until(brand, WHITE, DARK_SURFACE, under(DARK_SURFACE))),
  }
}

export function contrast(one: Rgb, other: Rgb): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

export function parse(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16)
  return [value >> 16, (value >> 8) & 255, value & 255]
}

/** `colour` moved towards `to` until it reads on each of the grounds. */
function until(colour: Rgb, to: Rgb, ...grounds: Rgb[]): Rgb {
  for (let share = 0; share < 1; share += 0.05) {
    const mixed = mix(colour, to, share)
    if (grounds.every((ground) => contrast(mixed, ground) >= 4.5)) return mixed
  }
  return to
}

function mix(colour: Rgb, other: Rgb, share: number): Rgb {
  return colour.map((part, n) => Math.round(part + ((other[n] as number) - part) * share)) as Rgb
}

function luminance(colour: Rgb): number {
  const [r, g, b] = colour.map((part) => {
    const share = part / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }) as Rgb
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

const css = (colour: Rgb): string => `#${colour.map((part) => part.toString(16).padStart(2, '0')).join('')}`
