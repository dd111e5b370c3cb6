// Colours and sizes. Mantine's own shades miss the contrast that WCAG AA asks for, hence the overrides; a test holds them.

import { createTheme, type CSSVariablesResolver } from '@mantine/core'

export const theme = createTheme({
  primaryColor: 'indigo',
  primaryShade: { light: 8, dark: 8 },
  autoContrast: true,
  fontFamily: "Inter, system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif",
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.125rem' },
  defaultRadius: 'md',
  radius: { xs: '4px', sm: '6px', md: '8px', lg: '12px', xl: '18px' },
  cursorType: 'pointer',
  focusRing: 'auto',
  respectReducedMotion: true,
  components: {
    Tooltip: { defaultProps: { openDelay: 400, withArrow: true, arrowSize: 6 } },
    Modal: { styles: { title: { fontWeight: 620 } }, defaultProps: { centered: true, radius: 'lg', overlayProps: { backgroundOpacity: 0.45, blur: 2 } } },
    Menu: { defaultProps: { shadow: 'md', radius: 'md', position: 'bottom-end' } },
  },
})

const colour = (name: string) => `var(--mantine-color-${name})`

export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#ffffff',
    '--mantine-color-text': '#1b2330',
    '--mantine-color-dimmed': '#566072',
    '--mantine-color-placeholder': '#5f6979',
    '--mantine-color-error': colour('red-9'),
  },
  dark: {
    '--mantine-color-body': '#191d24',
    '--mantine-color-text': '#e5e8ee',
    '--mantine-color-dimmed': '#a5aebd',
    '--mantine-color-placeholder': '#a5aebd',
    '--mantine-color-error': colour('red-4'),
  },
})
