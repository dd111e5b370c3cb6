// One way to ask the staff API: same-origin cookie, CSRF header, idempotency key, problems as exceptions.

import type { FileOut, Problem } from './api.ts'
import { setHubTime } from './now.ts'

export class Refused extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail || problem.title)
    this.problem = problem
  }

  get code(): string {
    return this.problem.code
  }
}

/** The hub could not be reached, or answered that it has no room now: the same request may be tried again. */
export class Unreachable extends Error {}

let csrf = ''
let signedOut: () => void = () => {}

export function setToken(token: string, whenSignedOut: () => void): void {
  csrf = token
  signedOut = whenSignedOut
}

export function read<T>(path: string, signal?: AbortSignal): Promise<T> {
  return ask<T>('GET', path, undefined, {}, signal)
}

/** `key` stays the same when the same thing is asked again. */
export function write<T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown, key = uuid()): Promise<T> {
  return ask<T>(method, path, body, { 'X-CSRF-Token': csrf, 'Idempotency-Key': key })
}

async function ask<T>(
  method: string,
  path: string,
  body: unknown,
  headers: Record<string, string>,
  signal?: AbortSignal,
): Promise<T> {
  let response: Response
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      credentials: 'same-origin',
      headers: body === undefined ? headers : { ...headers, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new Unreachable(String(error))
  }
  setHubTime(response.headers.get('Date'))
  if (response.ok) return (response.status === 204 ? undefined : await response.json()) as T
  throw failure(response.status, await response.text(), path)
}

function failure(status: number, text: string, path: string): Error {
  let problem: Problem | null = null
  try {
    problem = JSON.parse(text) as Problem
  } catch {
    // a proxy's page, not the hub's words
  }
  if (status === 401 && path !== '/session') signedOut()
  if (!problem?.code) {
    if (status >= 500) return new Unreachable(`HTTP ${status}`)
    return new Refused({ type: 'about:blank', title: `HTTP ${status}`, status, code: 'unknown', detail: '', field: '' })
  }
  return status === 503 ? new Unreachable(problem.detail || problem.title) : new Refused(problem)
}

/** `fetch` does not tell how far an upload is; XMLHttpRequest does. */
export function upload(file: File, progress: (share: number) => void, signal: AbortSignal): Promise<FileOut> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', '/api/v1/files')
    request.setRequestHeader('X-CSRF-Token', csrf)
    request.setRequestHeader('Idempotency-Key', uuid())
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total)
    request.onerror = () => reject(new Unreachable('upload'))
    request.onabort = () => reject(new DOMException('aborted', 'AbortError'))
    request.onload = () => {
      if (request.status < 300) resolve(JSON.parse(request.responseText) as FileOut)
      else reject(failure(request.status, request.responseText, '/files'))
    }
    signal.addEventListener('abort', () => request.abort())
    const form = new FormData()
    form.append('file', file, file.name)
    request.send(form)
  })
}

/** `crypto.randomUUID` is missing where the page is served by plain http. */
export function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

export function fileAddress(file: { id?: string; name: string; url?: string }): string {
  if (file.id) return `/api/v1/files/${encodeURIComponent(file.id)}?name=${encodeURIComponent(file.name)}`
  return file.url && /^https?:\/\//i.test(file.url) ? file.url : ''
}
