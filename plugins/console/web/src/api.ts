// The staff API's shapes, as the hub's own models name them (a test compares the fields), and what entries hold.

export type Status =
  | 'with_bot'
  | 'waiting'
  | 'accepted'
  | 'awaiting_agent'
  | 'awaiting_customer'
  | 'closing'
  | 'closed'

export type View = 'mine' | 'queue' | 'waiting' | 'open' | 'closed'

export type Action =
  | 'accept'
  | 'decline'
  | 'return'
  | 'reply'
  | 'note'
  | 'transfer'
  | 'invite'
  | 'leave'
  | 'intercept'
  | 'pin'
  | 'spam'
  | 'finish'
  | 'save_to_crm'
  | 'refuse_consent'
  | 'rate'

export interface Problem {
  type: string
  title: string
  status: number
  code: string
  detail: string
  field: string
}

export interface Me {
  id: string
  name: string
  email: string
  role: string
  photo: string
  state: 'online' | 'offline'
  day?: 'untracked' | 'working' | 'on_break' | 'ended'
  on_leave?: boolean
  rights: Record<string, 'none' | 'own' | 'department' | 'any'>
  csrf: string
  language: string
}

export interface AgentOut {
  id: string
  name: string
  email: string
  role: string
  departments: string[]
  photo: string
  available: boolean
  absence: string
  title?: string
  dismissed?: boolean
  from_settings?: boolean
}

export interface LineOut {
  id: string
  name: string
  active: boolean
  distribution: 'evenly' | 'strictly' | 'all'
  members: string[]
}

export interface ReasonOut {
  rule: string
  words: string
  idle: number
  skipped: Record<string, number>
  before: string[]
}

export interface ConversationOut {
  number: number
  thread: string
  line: string
  channel: string
  channel_kind: string
  customer_id: string
  customer_name: string
  status: Status
  responsible: string
  offered: string[]
  participants: string[]
  created_at: number
  queued_at: number
  accepted_at: number
  finished_at: number
  closed_at: number
  closed_by: string
  idle_at: number
  pinned: boolean
  unanswered: boolean
  solved: boolean
  rating: '' | 'like' | 'dislike'
  supervisor_rating: number
  late: boolean
  /** Response times in seconds, 0 = none. */
  first_response: number
  total_response: number
  average_response: number
  longest_response: number
  preview: string
  preview_by: '' | 'customer' | 'agent' | 'bot' | 'auto'
  last_at: number
  reason: ReasonOut | null
  /** Rows of the feed leave it out: it depends on who asks. */
  actions?: Action[]
}

export interface CustomerOut {
  id: string
  name: string
  phone: string
  email: string
  photo: string
  language: string
  form: Record<string, string>
  conversations: number
}

export interface RecordOut {
  crm: string
  id: string
  kind: 'lead' | 'deal' | 'contact' | 'company'
  name: string
  responsible: string
  url: string
  fields: Record<string, string>
  timeline: string[]
}

export interface ConversationDetail {
  conversation: ConversationOut
  customer: CustomerOut
}

export interface ConversationPage {
  items: ConversationOut[]
  next: string | null
}

export interface EntryPage {
  items: EntryOut[]
  before: number | null
}

export interface Counters {
  mine: number
  queue: number
  waiting: number
  open: number
}

export interface FileOut {
  id: string
  name: string
  type: string
  size: number
}

export interface Outcome {
  status: 'done' | 'pending'
  conversation: number
  message: number | null
}

// -- what entries hold: fields with their default value are left out ----------------------------------------------

export interface Content {
  text?: string
  files?: { name: string; type?: string; size?: number; id?: string; url?: string }[]
  buttons?: { label: string; value?: string }[]
  location?: { latitude: number; longitude: number; title?: string } | null
  contact?: { name?: string; phone?: string; email?: string } | null
  fields?: FormField[]
}

/** A question of a form. The built-in ones (name, email, phone, company) have no label of their own. */
export interface FormField {
  name: string
  label?: string
  type?: 'text' | 'long_text' | 'email' | 'phone' | 'number' | 'date' | 'checkbox'
  required?: boolean
}

export interface Author {
  kind: 'customer' | 'agent' | 'bot' | 'auto'
  id?: string
  name?: string
  photo?: string
  title?: string
}

interface Line<Kind extends string, Body> {
  id: string
  seq: number
  thread: string
  conversation: number
  at: number
  kind: Kind
  body: Body
}

export type MessageEntry = Line<
  'Message',
  {
    id: number
    author: Author
    content: Content
    external?: string
    kind?: 'message' | 'rating_request' | 'form'
    automatic?: string
    dropped?: boolean
  }
>
/** A customer's message that came while the line was switched off; outside of any conversation `conversation` is 0. */
export type HeldEntry = Line<
  'Held',
  {
    id: number
    author: Author
    content: Content
    external?: string
    kind?: 'message' | 'rating_request' | 'form'
    automatic?: string
    dropped?: boolean
    line?: string
  }
>
export type NotedEntry = Line<'Noted', { id: number; by: string; content: Content; mentions?: string[] }>
export type EditedEntry = Line<'Edited', { message: string; content: Content }>
export type DeletedEntry = Line<'Deleted', { message: string }>
export type DeliveryEntry = Line<
  'Delivery',
  { message: number; state: 'pending' | 'sent' | 'delivered' | 'read' | 'failed'; code?: string; reason?: string; external?: string }
>
export type DecisionEntry = Line<
  'Decision',
  {
    what: string
    by?: string
    agents?: string[]
    line?: string
    text?: string
    reason?: ReasonOut | null
    fields?: Record<string, string>
  }
>
export type NoticeEntry = Line<'Notice', { agent: string; text: string }>

export type EntryOut =
  | MessageEntry
  | HeldEntry
  | NotedEntry
  | EditedEntry
  | DeletedEntry
  | DeliveryEntry
  | DecisionEntry
  | NoticeEntry

// -- the feed -------------------------------------------------------------------------------------------------------

export type Frame =
  | { op: 'welcome'; cursor: string; reset: boolean }
  | { op: 'batch'; cursor: string; conversations: ConversationOut[]; entries: EntryOut[]; closed: number[] }
  | { op: 'typing'; conversation: number; by: { kind: string; id: string; name: string }; text: string }
  | { op: 'presence'; agents: { id: string; available: boolean; absence: string }[] }
  | { op: 'notice'; text: string; conversation: number }
  | { op: 'pong' }
