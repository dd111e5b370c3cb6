/** The product's mark: lines of a talk, one of them answered. */
export function Mark({ size = 32 }: { size?: number }) {
  return (
    <svg aria-hidden="true" width={size} height={size} viewBox="0 0 32 32">
      <rect width="32" height="32" rx="9" fill="#3b5bdb" />
      <path d="M8 12.500h9M8 17h16M8 21.500h6" stroke="#fff" strokeWidth="2.600" strokeLinecap="round" />
      <circle cx="22.500" cy="11.500" r="2.600" fill="#8ce99a" />
    </svg>
  )
}
