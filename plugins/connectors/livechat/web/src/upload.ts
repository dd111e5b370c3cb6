// Brings a file to the hub. XMLHttpRequest, because fetch tells nothing of how far an upload has come.
import { UploadError } from './core.ts'
import type { SentFile } from './protocol.ts'

export function upload(file: File, token: string, progress: (share: number) => void): Promise<SentFile> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', 'uploads')
    request.responseType = 'json'
    request.setRequestHeader('Authorization', `Bearer ${token}`)
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total)
    request.onerror = () => reject(new UploadError('offline', true))
    request.onload = () => {
      const { status, response } = request
      if (status === 200 && response) {
        const { id, name, type, size, ticket } = response
        resolve({ id, name, type, size, ticket })
      } else {
        reject(new UploadError(response?.code ?? 'failed', status === 429 || status >= 500))
      }
    }
    const form = new FormData()
    form.append('file', file, file.name || 'file')
    request.send(form)
  })
}
