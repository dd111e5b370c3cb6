// Our own line icons, 24 by 24. They are decoration: whatever shows one says in words what it is.

import type { ReactNode } from 'react'

const drawn = {
  inbox: <path d="M4 13l2.5-7.500h11L20 13v5a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1zM4 13h4.500a3.500 3.500 0 0 0 7 0H20" />,
  help: (
    <>
      <circle cx="12" cy="12" r="8.500" />
      <path d="M9.700 9.600a2.400 2.400 0 1 1 3.400 2.300c-.7.3-1.100.8-1.100 1.600M12 16.400v.1" />
    </>
  ),
  back: <path d="M14.500 6l-6 6 6 6" />,
  close: <path d="M7 7l10 10M17 7L7 17" />,
  check: <path d="M5.500 12.500l4 4 9-9.500" />,
  checks: <path d="M2.500 12.800l3.700 3.700 7.800-8.500M11 15.200l1.400 1.300 8.100-8.500" />,
  clock: (
    <>
      <circle cx="12" cy="12" r="8" />
      <path d="M12 7.500V12l3 2" />
    </>
  ),
  alert: (
    <>
      <circle cx="12" cy="12" r="8.500" />
      <path d="M12 7.800v5M12 16v.1" />
    </>
  ),
  more: <path d="M5.500 12h.01M12 12h.01M18.500 12h.01" strokeWidth="3" />,
  transfer: <path d="M5 8.500h13M14.500 5L18 8.500 14.500 12M19 15.500H6M9.500 12L6 15.500 9.500 19" />,
  invite: (
    <>
      <circle cx="10" cy="8.500" r="3.500" />
      <path d="M4 19.500c.5-3.500 2.800-5.500 6-5.500 1.300 0 2.500.3 3.500 1M18 14v6M15 17h6" />
    </>
  ),
  pin: <path d="M9 4.500h6l-.8 6 3 3.500H6.800l3-3.500zM12 14v6" />,
  send: <path d="M4.500 5.500l15 6.500-15 6.500 2.500-6.500zM7 12h6" />,
  attach: <path d="M18.500 11.500l-6.800 6.800a4.200 4.200 0 0 1-6-6l7.300-7.200a2.800 2.800 0 0 1 4 4L9.800 16.200a1.400 1.400 0 0 1-2-2l6-6" />,
  file: <path d="M7 3.500h6.500L18 8v12a.5.5 0 0 1-.5.5h-10.500a1 1 0 0 1-1-1v-15a1 1 0 0 1 1-1zM13.500 3.500V8H18" />,
  person: (
    <>
      <circle cx="12" cy="8.500" r="3.800" />
      <path d="M5 20c.6-3.800 3.200-6 7-6s6.400 2.200 7 6" />
    </>
  ),
  panel: <path d="M4 5.500h16v13H4zM14.500 5.500v13" />,
  bot: <path d="M6 9.500h12v8.500H6zM12 9.500V6M12 5.500v.1M9.500 13v.5M14.500 13v.5M4 12.500v2.500M20 12.500v2.500" />,
  note: <path d="M5 4.500h14v10l-5 5H5zM14 19.500v-5h5M8.500 9h7M8.500 12.500h4" />,
  down: <path d="M12 5v13M6.500 12.500L12 18l5.500-5.500" />,
  up: <path d="M6 14.500l6-6 6 6" />,
  chevron: <path d="M6 9.500l6 6 6-6" />,
  place: (
    <>
      <path d="M12 20.500c4.500-4.800 6.500-8 6.500-10.800a6.500 6.500 0 0 0-13 0c0 2.800 2 6 6.500 10.800z" />
      <circle cx="12" cy="9.800" r="2.300" />
    </>
  ),
  card: <path d="M4 6h16v12H4zM13.500 10h4M13.500 13.500h4M7 14.800c.3-1.300 1.200-2 2.300-2s2 .7 2.300 2M9.300 10.500v.1" />,
  outside: <path d="M13.500 5H19v5.500M19 5l-8 8M16.500 14v4.500a.5.5 0 0 1-.5.5H5.500a.5.5 0 0 1-.5-.5V8a.5.5 0 0 1 .5-.5H10" />,
  good: <path d="M7.500 11v8H5v-8zM7.500 11.500l3.500-7c1.500 0 2.300 1 2 2.500l-.6 3h5.100a1.500 1.500 0 0 1 1.500 1.800l-1.100 5.700a1.800 1.800 0 0 1-1.800 1.500H7.500" />,
  bad: <path d="M16.500 13V5H19v8zM16.500 12.500l-3.500 7c-1.500 0-2.300-1-2-2.500l.6-3H6.500A1.500 1.500 0 0 1 5 12.200l1.100-5.700A1.800 1.800 0 0 1 7.900 5h8.600" />,
  retry: <path d="M18.500 12a6.500 6.500 0 1 1-2-4.700M18.500 4.500V8H15" />,
  search: <path d="M15.500 15.500L20 20M17 10.500a6.500 6.500 0 1 1-13 0 6.500 6.500 0 0 1 13 0z" />,
  spam: (
    <>
      <circle cx="12" cy="12" r="8.500" />
      <path d="M6 6l12 12" />
    </>
  ),
  leave: <path d="M10 5H5.500v14H10M14.500 8l4 4-4 4M18.500 12H9" />,
  star: <path d="M12 4.500l2.300 4.800 5.200.7-3.800 3.600.9 5.200L12 16.300l-4.600 2.500.9-5.200L4.500 10l5.200-.7z" />,
  queue: <path d="M5 7h14M5 12h14M5 17h8" />,
  hand: <path d="M4.500 12.500l3 6h8.500l3.500-7-2-1-2.500 3V5.800a1.200 1.200 0 0 0-2.400 0v-.6a1.200 1.200 0 0 0-2.400 0v1a1.200 1.200 0 0 0-2.400 0v7.300L6.500 11z" />,
} satisfies Record<string, ReactNode>

export type IconName = keyof typeof drawn

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg
      aria-hidden="true"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.7"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      {drawn[name]}
    </svg>
  )
}
