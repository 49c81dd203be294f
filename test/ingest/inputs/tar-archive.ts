/** Writes tar archives byte by byte, the forms that programs write and those that they would not. */
export interface Member {
  name: string
  content?: Buffer | string
  type?: string
  prefix?: string
  /** The size in the header, where it is not the content's. */
  size?: string | Buffer
}

export function tarMember({ name, content = '', type = '0', prefix = '', size }: Member): Buffer {
  const body = Buffer.from(content)
  const header = Buffer.alloc(512)
  header.write(name, 0, 100)
  header.write('0000644\0', 100)
  if (Buffer.isBuffer(size)) size.copy(header, 124)
  else header.write(size ?? `${body.length.toString(8).padStart(11, '0')} `, 124)
  header.write('        ', 148)
  header.write(type, 156)
  header.write('ustar\x0000', 257)
  header.write(prefix, 345)
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  )
  return Buffer.concat([header, body, Buffer.alloc((512 - (body.length % 512)) % 512)])
}

export function tarArchive(members: (Member | Buffer)[]): Buffer {
  const blocks = members.map((member) => (Buffer.isBuffer(member) ? member : tarMember(member)))
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

export function paxMember(records: Record<string, string>): Buffer {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = ` ${key}=${value}\n`
    const length = [1, 2, 3].find((digits) => String(digits + Buffer.byteLength(rest)).length === digits)!
    return `${length + Buffer.byteLength(rest)}${rest}`
  })
  return tarMember({ name: 'PaxHeader', type: 'x', content: lines.join('') })
}
