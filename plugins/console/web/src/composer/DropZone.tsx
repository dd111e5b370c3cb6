import { useRef, useState, type DragEvent, type ReactNode } from 'react'

import { complain } from '../actions.ts'
import { t } from '../i18n/index.ts'
import { useHub } from '../store.ts'
import style from './Composer.module.css'
import { attach } from './drafts.ts'

/** Files dropped anywhere on the thread are attached. The button in the composer does the same without dragging. */
export function DropZone({ thread, number, children }: { thread: string; number: number; children: ReactNode }) {
  const [over, setOver] = useState(false)
  const depth = useRef(0) // entering a child comes before leaving its parent
  const writable = useHub((hub) => hub.details[number]?.actions.some((one) => one === 'reply' || one === 'note') ?? false)
  const takes = (event: DragEvent) => writable && event.dataTransfer.types.includes('Files')
  return (
    <div
      className={style.zone}
      onDragEnter={(event) => {
        if (!takes(event)) return
        depth.current += 1
        setOver(true)
      }}
      onDragLeave={(event) => {
        if (!takes(event)) return
        depth.current = Math.max(0, depth.current - 1)
        if (!depth.current) setOver(false)
      }}
      onDragOver={(event) => takes(event) && event.preventDefault()}
      onDrop={(event) => {
        if (!takes(event)) return
        event.preventDefault()
        depth.current = 0
        setOver(false)
        attach(thread, [...event.dataTransfer.files], complain)
      }}
    >
      {children}
      {over && <div className={style.drop}>{t('write.drop')}</div>}
    </div>
  )
}
